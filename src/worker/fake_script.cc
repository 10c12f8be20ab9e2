// SPDX-License-Identifier: MIT
#include "worker/fake_script.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/json.h"
#include "base/text.h"
#include "record/json_members.h"
#include "worker/fake_counter.h"
#include "worker/fake_faults.h"

namespace mia::worker {

// Not in an unnamed namespace: the reader finds these by argument-dependent lookup.

// One number is a list of one.
struct OneOrMore {
  std::vector<double>& list;
};
static Status read_member(const Json& json, OneOrMore value) {
  MIA_TRY_ASSIGN(value.list,
                 record::from_members<std::vector<double>>(json.is_number() ? Json::array({json}) : json, "it"));
  return {};
}

// Texts, or other values as JSON writes them.
struct Texts {
  std::map<std::string, std::string>& map;
};
static Status read_member(const Json& json, Texts value) {
  value.map.clear();
  for (const auto& [key, member] : json.items()) {
    value.map[key] = member.is_string() ? member.get<std::string>() : member.dump();
  }
  return {};
}

MIA_MEMBERS(Noise, seed, token, run, trial)
MIA_MEMBERS(Fault, phase, kind, nth, code, signal, version, bytes, stdout_bytes, stderr_bytes, limit_mb, seconds,
            setsid, ignore_term, text)
template <record::Either<Behaviour> X, class F>
void each(X& x, F&& f) {
  MIA_FOR_EACH(MIA_MEMBER, load_phase, load_ms, context_ms, tokenize_ms, prefill_ms, prefill_ms_per_token, noise)
  MIA_FOR_EACH(MIA_MEMBER, drift_per_trial, scale, words, end_of_text_after, n_threads_auto, buffers, probes, faults)
  f("token_ms", OneOrMore{x.token_ms});
  f("warm_up_factors", OneOrMore{x.warm_up_factors});
  f("effective", Texts{x.effective});
  f("facts", Texts{x.facts});
}

namespace {

Behaviour behaviour_from(const Json& json) {
  // A slip in a test's script would otherwise make the test vacuous.
  constexpr record::MemberReader kStrict(record::Unknown::refused);
  Behaviour behaviour;
  if (const auto wrong = kStrict.read(json, behaviour)) {
    throw std::invalid_argument(wrong->text());
  }
  if (behaviour.token_ms.empty()) {
    throw std::invalid_argument("'token_ms' is empty");
  }
  for (const Fault& fault : behaviour.faults) {
    if (!is_fault_kind(fault.kind)) {
      throw std::invalid_argument("unknown kind of fault '" + fault.kind + "'");
    }
  }
  if (behaviour.words.empty()) {
    behaviour.words = {"the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog"};
  }
  for (const auto& [key, unused] : behaviour.scale) {
    if (record::find_field(key) == nullptr) {
      throw std::invalid_argument("'scale' names the unknown setting '" + key + "'");
    }
  }
  record::Settings settings;
  for (const auto& [key, text] : behaviour.effective) {
    if (const Status status = record::set_text(settings, key, text); !status) {
      throw std::invalid_argument(status.error().text());
    }
  }
  return behaviour;
}

constexpr std::array<const char*, 2> kConditions{"when", "when_trial"};

// The rule's own behaviour laid over the base.
Json merged(const Json& base, const Json& rule) {
  Json json = base;
  json.update(rule);
  for (const char* const condition : kConditions) {
    json.erase(condition);
  }
  return json;
}

void check_conditions(const Json& rule) {
  if (!rule.contains("when")) {
    return;
  }
  for (const auto& [key, unused] : rule.at("when").items()) {
    if (key != "model" && record::find_field(key) == nullptr) {
      throw std::invalid_argument("'when' names the unknown setting '" + key + "'");
    }
  }
}

bool holds(const std::string& key, const Json& wanted, const record::Settings& settings, std::string_view model) {
  const std::string text = wanted.is_string() ? wanted.get<std::string>() : wanted.dump();
  if (key == "model") {
    return model.find(text) != std::string_view::npos;
  }
  return record::to_text(record::get(settings, *record::find_field(key))) == text;
}

bool matches(const Json& rule, std::int64_t trial, const record::Settings* settings, std::string_view model) {
  if (const auto trials = rule.find("when_trial"); trials != rule.end()) {
    if (trials->is_array() ? std::ranges::count(*trials, Json(trial)) == 0 : *trials != trial) {
      return false;
    }
  }
  const auto when = rule.find("when");
  if (when == rule.end()) {
    return true;
  }
  return settings != nullptr && std::ranges::all_of(when->items(), [&](const auto& item) {
           return holds(item.key(), item.value(), *settings, model);
         });
}

Result<std::string> script_text() {
  const char* const source = std::getenv("MIA_FAKE_SCRIPT");
  if (source == nullptr) {
    return std::string("{}");
  }
  const std::string_view text = trim(source);
  if (text.starts_with('{')) {
    return std::string(text);
  }
  std::ifstream file(source, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) {
    return fail(ErrorKind::usage, "cannot read the script '{}' named by MIA_FAKE_SCRIPT", source);
  }
  return content;
}

}  // namespace

Result<Script> Script::parse(const Json& json, std::int64_t trial) {
  Script script;
  script.trial_ = trial;
  try {
    script.base_ = json;
    if (const auto provider = json.find("provider"); provider != json.end()) {
      script.null_provider_ = *provider == "null";
      script.base_.erase("provider");
    }
    if (const auto rules = json.find("rules"); rules != json.end()) {
      script.rules_.assign(rules->begin(), rules->end());
      script.base_.erase("rules");
    }
    (void)behaviour_from(script.base_);
    for (const Json& rule : script.rules_) {
      check_conditions(rule);
      (void)behaviour_from(merged(script.base_, rule));
    }
  } catch (const std::exception& error) {
    return fail(ErrorKind::usage, "the fake worker's script: {}", one_line(error.what(), 200));
  }
  return script;
}

Result<Script> Script::from_environment() {
  MIA_TRY_ASSIGN(const std::string text, script_text());
  MIA_TRY_ASSIGN(const Json json, context(parse_json(text), "the fake worker's script"));
  if (!json.is_object()) {
    return fail(ErrorKind::usage, "the fake worker's script is not an object");
  }
  MIA_TRY_ASSIGN(const std::int64_t trial, count_trial());
  return parse(json, trial);
}

Behaviour Script::behaviour(const record::Settings* settings, std::string_view model) const {
  for (const Json& rule : rules_) {
    if (matches(rule, trial_, settings, model)) {
      return behaviour_from(merged(base_, rule));
    }
  }
  return behaviour_from(base_);
}

}  // namespace mia::worker
