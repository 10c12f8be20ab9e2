// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "record/machine.h"
#include "runtime/install.h"
#include "runtime/locate.h"

namespace mia::runtime {

// The folder in which one runtime comes into being: runtimes/<name>/<unique>, where it stays;
// runtimes/<name>/runtime.json names it once all is well, and only then the runtime exists or replaces the former one.
// Holds a lock against a second installation of the same name. Without commit() the destructor removes it;
// runtimes/<name>/install.log stays.
class Workspace {
 public:
  [[nodiscard]] static Result<Workspace> make(const std::string& name);
  Workspace(Workspace&& other) noexcept;
  Workspace& operator=(Workspace&&) = delete;
  ~Workspace();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path log() const { return home_ / "install.log"; }
  [[nodiscard]] std::filesystem::path told() const { return home_ / "told.json"; }  // what a server program printed
  // Writes the record and removes what earlier installations left beside this one, but for the one that holds the
  // runtime's libraries: `add` may have been given the prefix of an installation of ours.
  [[nodiscard]] Status commit(const record::RuntimeInfo& runtime);

 private:
  Workspace() = default;
  std::filesystem::path home_;
  std::filesystem::path path_;
  int lock_ = -1;
};

// `asked`, else "default" if it is free, else `otherwise` made a name. An existing runtime needs `force`.
[[nodiscard]] Result<std::string> choose_name(const std::string& asked, const std::string& otherwise, bool force);

// Starts the worker of a runtime of which name, prefix, worker, program and package are `known`, and commits these with
// what the worker says of itself.
[[nodiscard]] Result<record::RuntimeInfo> commit_greeted(Workspace workspace, record::RuntimeInfo known,
                                                         const Progress& progress);

// Compiles the worker for `parts` into the workspace, starts it once and commits what it says of itself.
[[nodiscard]] Result<record::RuntimeInfo> build_runtime(Workspace workspace, const std::string& name,
                                                        const Parts& parts, const Progress& progress);

}  // namespace mia::runtime
