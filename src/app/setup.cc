// SPDX-License-Identifier: MIT
#include "app/setup.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include <unistd.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "model/places.h"
#include "proc/interrupt.h"
#include "record/fields.h"
#include "runtime/registry.h"

namespace mia::app {
namespace {

std::vector<model::CatalogueEntry> catalogue_of(const config::Loaded& loaded) {
  std::vector<model::CatalogueEntry> entries;
  for (const config::ModelEntry& entry : loaded.catalogue) {
    entries.push_back({entry.id, entry.source, entry.member, entry.file, entry.description, entry.profile});
  }
  return model::merge(model::built_in(), entries);
}

std::string name_of(const store::LockHolder& holder) {
  return holder.pid > 0 ? fmt::format("mia-perf {} (process {} since {})", one_line(holder.verb, 40), holder.pid,
                                      one_line(holder.since, 40))
                        : "another mia-perf";
}

}  // namespace

Result<Configured> configure(const Scope& scope, std::vector<config::Assignment> flags,
                             std::vector<std::string> models) {
  Configured configured;
  config::LoadSpec spec;
  spec.config_dir = scope.config_dir;
  spec.profile = scope.profile;
  spec.set = scope.set;
  spec.flags = std::move(flags);
  spec.models = std::move(models);
  MIA_TRY_ASSIGN(configured.loaded, config::load(spec));
  configured.catalogue = catalogue_of(configured.loaded);
  return configured;
}

namespace {

// Names of models have slashes, too (org/name), so only what is there or can be nothing else.
bool is_plainly_a_path(const std::string& id) {
  std::error_code error;
  return id.starts_with('/') || id.starts_with("./") || id.starts_with("../") || std::filesystem::exists(id, error);
}

}  // namespace

Result<record::ModelInfo> SubjectFinder::model_of(const std::string& id, const record::RuntimeInfo& runtime) {
  auto path = model::resolve(id, catalogue_);
  if (!path && !runtime.model_file && !model::names_a_place(id, catalogue_) &&
      !is_plainly_a_path(id)) {  // a name is all that the worker needs
    record::ModelInfo info;
    info.id = id;
    info.path = id;
    info.architecture = runtime.provider;
    info.header_hash = hash_hex(id);
    info.file_bytes = info.bytes_per_token = runtime.real_time ? 0 : 1;  // 0: nobody knows
    return info;
  }
  MIA_TRY_ASSIGN(const std::filesystem::path file, std::move(path));
  MIA_TRY_ASSIGN(record::ModelInfo info, model::inspect_as(id, file, catalogue_));
  if (!record::is_decoder(info)) {
    return with_hint(
        fail(ErrorKind::unsupported, "'{}' is an {} ({}), and only models that are a decoder alone are measured",
             one_line(info.path), info.kind, one_line(info.architecture, 60)),
        "name a model that writes text");
  }
  return info;
}

Result<measure::Subject> SubjectFinder::find(const record::Settings& settings) {
  const std::string name = settings.run.runtime.value_or("");
  const std::string id = settings.llm.id.value_or("smollm2-135m");
  const std::string key = name + '\n' + id;
  if (const auto at = known_.find(key); at != known_.end()) {
    return at->second;
  }
  measure::Subject subject;
  MIA_TRY_ASSIGN(subject.runtime, runtime::find(name));
  MIA_TRY(runtime::verify_unchanged(subject.runtime));
  subject.env = runtime::worker_environment(subject.runtime);
  MIA_TRY_ASSIGN(subject.model, model_of(id, subject.runtime));
  known_[key] = subject;
  return subject;
}

Result<std::optional<store::MeasureLock>> lock_this_machine(const Turn& turn, Observer& observer) {
  auto lock = store::lock_measuring(store::default_lock_path(), turn.verb);
  if (!lock) {
    observer.warn(lock.error().text() + "; measuring goes on, but another mia-perf could measure at the same time");
    return std::optional<store::MeasureLock>();
  }
  constexpr auto kPause = std::chrono::milliseconds(100);
  const std::int64_t began = steady_ns();
  std::string told;
  while (!lock->try_again()) {
    const double waited = static_cast<double>(steady_ns() - began) / kNsPerS;
    const std::string who = name_of(lock->other());
    if (proc::interrupted()) {
      return fail(ErrorKind::interrupted, "interrupted while it waited for {}", who);
    }
    if (waited >= turn.wait_s) {
      return with_hint(fail(ErrorKind::usage, "{} measures on this machine, and two at once disturb each other", who),
                       turn.wait_s > 0 ? "" : "wait for its end, or let --wait do so");
    }
    if (const std::int64_t ahead = lock->ahead(); std::exchange(told, who) != who) {
      observer.say(fmt::format("waiting for {}{}", who, ahead > 1 ? fmt::format(" and {} more", ahead - 1) : ""));
    }
    observer.still("waiting for " + who, waited);
    std::this_thread::sleep_for(kPause);
  }
  return std::optional(std::move(*lock));
}

double longest_s(double budget_s) {
  constexpr double kShare = 1.06;
  constexpr double kLeast = 6;
  return std::max(kShare * budget_s, budget_s + kLeast);
}

std::string new_session_id() {
  std::string id;
  for (const char c : utc_now()) {
    if (c >= '0' && c <= '9') {
      id += c;
    } else if (c == 'T') {
      id += '-';
    }
  }
  return fmt::format("{}-{}", id, hash_hex(fmt::format("{} {}", steady_ns(), getpid())).substr(0, 4));
}

}  // namespace mia::app
