// SPDX-License-Identifier: MIT
// What the server answers: pages over the store, the same as JSON, and what runs now. Everything is read anew for each
// request, by a connection to the store that cannot write.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "app/scope.h"
#include "base/json.h"
#include "document/document.h"
#include "serve/http.h"
#include "store/store.h"

namespace mia::serve {

class Site {
 public:
  explicit Site(app::Scope scope) : scope_(std::move(scope)) {}

  [[nodiscard]] Response answer(const Request& request);
  // Two messages: `running` with the JSON, `page` with the same as a section of the page.
  [[nodiscard]] std::string events();

 private:
  [[nodiscard]] Result<store::Store> open() const;
  [[nodiscard]] Result<Response> page(const Request& request);
  [[nodiscard]] Result<Response> api(const Request& request);
  [[nodiscard]] Result<Response> sessions(const Request& request);
  [[nodiscard]] Result<Response> compared(const Request& request) const;
  [[nodiscard]] Result<Response> trend(const Request& request) const;
  [[nodiscard]] Result<Response> machine() const;
  // schemas/serve-v1.schema.json, "running".
  [[nodiscard]] Json running();
  void add_figures(Json& one);

  app::Scope scope_;
  // Figures of a session as of its last trial: they are read when there are more.
  std::map<std::string, std::pair<std::int64_t, Json>> figures_;
};

// What runs now, for people.
[[nodiscard]] document::Section section_of(const Json& running);

}  // namespace mia::serve
