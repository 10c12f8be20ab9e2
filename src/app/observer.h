// SPDX-License-Identifier: MIT
// Who is told what a session does: a terminal, a page, a test. Nothing here decides anything.
#pragma once

#include <string>
#include <string_view>

#include "app/scope.h"

namespace mia::app {

// A session as it is called from now on.
struct Begun {
  std::string session;
  std::string what;  // the scenario, the two sides, the use
};

class Observer {
 public:
  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer() = default;
  // Told before anything else of a session, and again where it took up an earlier one or goes on with another.
  virtual void begins(const Begun& /*begun*/) {}
  // What begins now, in one line. `lasting`: worth keeping where nothing can be redrawn.
  virtual void doing(std::string_view text, bool lasting = false) = 0;
  // The same has gone on for so long; about once a second.
  virtual void still(std::string_view text, double seconds) = 0;
  // Something a person should know: a repeat was disturbed, a cell was given up, the budget ends the plan.
  virtual void say(std::string_view text) = 0;
  // The same where it may cost the result some of its worth: said though progress is not wanted.
  virtual void warn(std::string_view text) = 0;
  // Nothing is going on any more.
  virtual void done() = 0;
};

// Who asks: what was typed, and whom to tell.
struct Caller {
  const Scope& scope;
  Observer& observer;
};

}  // namespace mia::app
