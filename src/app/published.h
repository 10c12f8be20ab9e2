// SPDX-License-Identifier: MIT
// What a session tells its observer, for other processes of this account as well (`serve`).
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/observer.h"
#include "base/json.h"
#include "store/running.h"

namespace mia::app {

// Passes everything on to `inner`, and from begins() on writes it to the process's running file. What cannot be written
// is not: nobody's measurement depends on who looks on.
class Published : public Observer {
 public:
  // `verb` as typed; `store` as --store names it.
  Published(Observer& inner, std::string verb, std::string store)
      : inner_(inner), verb_(std::move(verb)), store_(std::move(store)) {}

  void begins(const Begun& begun) override;
  void doing(std::string_view text, bool lasting) override;
  void still(std::string_view text, double seconds) override;
  void say(std::string_view text) override;
  void warn(std::string_view text) override;
  void done() override { inner_.done(); }

 private:
  void keep(std::string_view text);
  void write() const;

  Observer& inner_;
  std::string verb_;
  std::string store_;
  Begun begun_;
  std::string since_;
  std::string doing_;
  std::string doing_since_;
  std::deque<std::string> said_;  // the last ones
  std::optional<store::RunningFile> file_;
};

// What runs now, of every process: members of `running` in schemas/serve-v1.schema.json, without figures. What is no
// such object is left out.
[[nodiscard]] std::vector<Json> running_now();

}  // namespace mia::app
