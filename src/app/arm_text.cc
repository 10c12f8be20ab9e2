// SPDX-License-Identifier: MIT
#include "app/arm_text.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "record/fields.h"

namespace mia::app {
namespace {

using Assignments = std::vector<config::Assignment>;

constexpr std::array<std::string_view, 3> kKinds{"runtime:", "model:", "set:"};
constexpr std::string_view kHow =
    "write runtime:NAME, model:ID, set:key=value[,key=value], several joined by '+', or base";

bool starts_part(std::string_view text) {
  for (const std::string_view kind : kKinds) {
    if (text.starts_with(kind)) {
      return true;
    }
  }
  return false;
}

// At each '+' that a part follows: a path may hold others.
std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && starts_part(text.substr(i + 1))) {
      parts.emplace_back(text.substr(from, i - from));
      from = i + 1;
    }
  }
  parts.emplace_back(text.substr(from));
  return parts;
}

// "n_threads=1,poll=0". A comma after which no key follows belongs to the value before it.
Status add_settings(std::string_view text, const std::string& origin, Assignments& all) {
  std::vector<std::string> items;
  for (const std::string& item : split(text, ',')) {
    const std::size_t equals = item.find('=');
    const bool begins = equals != std::string::npos && record::find_field(trim(item.substr(0, equals))) != nullptr;
    if (begins || items.empty()) {
      items.push_back(item);
    } else {
      items.back() += "," + item;
    }
  }
  for (const std::string& item : items) {
    MIA_TRY_ASSIGN(config::Assignment one, config::read_assignment(item, origin));
    all.push_back(std::move(one));
  }
  return {};
}

}  // namespace

Result<Assignments> parse_arm(std::string_view text) {
  Assignments all;
  if (text == "base") {
    return all;
  }
  for (const std::string& part : parts_of(text)) {
    const std::string origin = one_line(part, 120);
    const std::size_t colon = part.find(':');
    const std::string value = colon == std::string::npos ? "" : part.substr(colon + 1);
    if (!starts_part(part) || value.empty()) {
      return with_hint(fail(ErrorKind::usage, "'{}' is no side of a comparison", origin), std::string(kHow));
    }
    if (part.starts_with("set:")) {
      MIA_TRY(add_settings(value, origin, all));
      continue;
    }
    const char* const key = part.starts_with("runtime:") ? "run.runtime" : "llm.primary.id";
    MIA_TRY_ASSIGN(config::Assignment one, config::read_value(*record::find_field(key), value, origin));
    all.push_back(std::move(one));
  }
  return all;
}

Result<Assignments> comparison_workload(std::string_view name) {
  struct Size {
    std::string_view name;
    int prompt;
    int output;
  };
  constexpr auto kSizes = std::to_array<Size>({{"decode", 16, 32}, {"long-decode", 16, 512}, {"prefill", 512, 1}});
  const auto* const size = std::ranges::find(kSizes, name, &Size::name);
  if (size == kSizes.end()) {
    Failure failure =
        fail(ErrorKind::usage, "--workload {}: there are decode, long-decode and prefill", one_line(name, 80));
    const bool of_a_scenario = name == "short" || name == "long";
    return of_a_scenario ? with_hint(failure, fmt::format("{} is an answer to a text, which scenarios ask for; compare "
                                                          "has both sides compute the same random tokens",
                                                          name))
                         : failure;
  }
  Assignments all;
  for (const std::string& text :
       {fmt::format("workload.name={}", name), std::string("workload.input=tokens"),
        fmt::format("workload.prompt_tokens={}", size->prompt), fmt::format("workload.max_tokens={}", size->output)}) {
    MIA_TRY_ASSIGN(all.emplace_back(), config::read_assignment(text, "--workload"));
  }
  return all;
}

Result<measure::ArmSpec> make_arm(const Configured& configured, const Assignments& workload, const std::string& text,
                                  SubjectFinder& finder) {
  measure::ArmSpec arm;
  arm.label = one_line(text, 200);
  MIA_TRY_ASSIGN(const Assignments own, parse_arm(text));
  arm.settings = configured.loaded.settings;
  for (const Assignments* const list : {&workload, &configured.loaded.fixed, &own}) {
    config::put(arm.settings, *list);
  }
  MIA_TRY_ASSIGN(arm.subject, context(finder.find(arm.settings), arm.label));
  return arm;
}

}  // namespace mia::app
