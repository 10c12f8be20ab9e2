// SPDX-License-Identifier: MIT
#include "worker/fake_script.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/json.h"
#include "base/text.h"
#include "record/fields.h"
#include "worker/fake_counter.h"
#include "worker/fake_faults.h"

namespace mia::worker {
namespace {

template <class T>
void read(const Json& json, T& value) {
  value = json.get<T>();
}
template <class T>
void read(const Json& json, std::optional<T>& value) {
  value = json.is_null() ? std::nullopt : std::optional(json.get<T>());
}
void read(const Json& json, std::vector<double>& value) {
  value = json.is_array() ? json.get<std::vector<double>>() : std::vector{json.get<double>()};
}
void read(const Json& json, std::map<std::string, std::string>& value) {
  value.clear();
  for (const auto& [key, member] : json.items()) {
    value[key] = member.is_string() ? member.get<std::string>() : member.dump();
  }
}
void read(const Json& json, record::Phase& value) {
  const auto phase = record::phase_named(json.get<std::string>());
  if (!phase) {
    throw std::invalid_argument("unknown phase " + json.dump());
  }
  value = *phase;
}
void read(const Json& json, std::vector<record::BufferSize>& value) {
  value.clear();
  for (const Json& item : json) {
    value.push_back({item.at("device"), item.at("kind"), item.at("bytes")});
  }
}

// Argument-dependent lookup does not look into unnamed namespaces: these two must be known before their use below.
void read(const Json& json, Noise& value);
void read(const Json& json, std::vector<Fault>& value);

template <class F>
void each(Noise& noise, F f) {
  f("seed", noise.seed);
  f("token", noise.token);
  f("run", noise.run);
  f("trial", noise.trial);
}

template <class F>
void each(Fault& fault, F f) {
  f("phase", fault.phase);
  f("kind", fault.kind);
  f("nth", fault.nth);
  f("code", fault.code);
  f("signal", fault.signal);
  f("version", fault.version);
  f("bytes", fault.bytes);
  f("stdout_bytes", fault.stdout_bytes);
  f("stderr_bytes", fault.stderr_bytes);
  f("limit_mb", fault.limit_mb);
  f("seconds", fault.seconds);
  f("setsid", fault.setsid);
  f("ignore_term", fault.ignore_term);
  f("text", fault.text);
}

template <class F>
void each(Behaviour& behaviour, F f) {
  f("load_phase", behaviour.load_phase);
  f("load_ms", behaviour.load_ms);
  f("context_ms", behaviour.context_ms);
  f("tokenize_ms", behaviour.tokenize_ms);
  f("prefill_ms", behaviour.prefill_ms);
  f("prefill_ms_per_token", behaviour.prefill_ms_per_token);
  f("token_ms", behaviour.token_ms);
  f("noise", behaviour.noise);
  f("warm_up_factors", behaviour.warm_up_factors);
  f("drift_per_trial", behaviour.drift_per_trial);
  f("scale", behaviour.scale);
  f("words", behaviour.words);
  f("end_of_text_after", behaviour.end_of_text_after);
  f("n_threads_auto", behaviour.n_threads_auto);
  f("effective", behaviour.effective);
  f("facts", behaviour.facts);
  f("buffers", behaviour.buffers);
  f("probes", behaviour.probes);
  f("faults", behaviour.faults);
}

// Members of an object; one that no member of the struct takes is an error, because a slip in a test's script would
// otherwise make the test vacuous.
template <class T>
void read_object(const Json& json, T& value) {
  std::size_t used = 0;
  each(value, [&](const char* key, auto& member) {
    if (const auto at = json.find(key); at != json.end()) {
      read(*at, member);
      ++used;
    }
  });
  if (used == json.size()) {
    return;
  }
  for (const auto& [key, unused] : json.items()) {
    bool known = false;
    each(value, [&, &name = key](const char* member, auto&) { known = known || name == member; });
    if (!known) {
      throw std::invalid_argument("unknown member '" + key + "'");
    }
  }
}
void read(const Json& json, Noise& value) {
  read_object(json, value);
}
void read(const Json& json, std::vector<Fault>& value) {
  value.clear();
  for (const Json& item : json) {
    read_object(item, value.emplace_back());
  }
}

Behaviour behaviour_from(const Json& json) {
  Behaviour behaviour;
  read_object(json, behaviour);
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
