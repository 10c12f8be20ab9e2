// SPDX-License-Identifier: MIT
// What is here, as it lies: this machine, the runtimes, the models. Nothing is measured and nothing is started.
#pragma once

#include <string>
#include <vector>

#include "app/scope.h"
#include "base/result.h"
#include "document/document.h"
#include "record/machine.h"

namespace mia::app {

// `gpu_reason`: why no GPU is seen, "" where that is not known.
[[nodiscard]] document::Facts machine_facts(const record::Machine& machine, const std::string& gpu_reason);
[[nodiscard]] document::Document runtimes_document(const std::vector<record::RuntimeInfo>& runtimes);
// All three as one page.
[[nodiscard]] Result<document::Document> here_document(const Scope& scope);

}  // namespace mia::app
