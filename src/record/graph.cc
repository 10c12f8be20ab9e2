// SPDX-License-Identifier: MIT
#include "record/graph.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "record/json_members.h"

namespace mia::record {

Json to_json(const Graph& graph) {
  return members_to_json(graph);
}

Result<Graph> graph_from_json(const Json& json) {
  return from_members<Graph>(json, "graph");
}

std::int64_t count_of(const Graph& graph, std::string_view op) {
  std::int64_t count = 0;
  for (const OpCount& counted : graph.ops) {
    count += counted.op == op ? counted.count : 0;
  }
  return count;
}

std::optional<std::string> flash_attention_of(const Graph& graph) {
  // A mixture of experts has a softmax of its own, so flash attention's operation decides where it is there.
  if (count_of(graph, "FLASH_ATTN_EXT") > 0) {
    return "on";
  }
  return count_of(graph, "SOFT_MAX") > 0 ? std::optional<std::string>("off") : std::nullopt;
}

std::string places_of(const Graph& graph, std::string_view op) {
  std::string text;
  for (const OpCount& counted : graph.ops) {
    if (counted.op == op) {
      text += fmt::format("{}{} on {}", text.empty() ? "" : ", ", counted.count, counted.backend);
    }
  }
  return text.empty() ? "none" : text;
}

std::optional<std::int64_t> decode_splits(std::string_view text) {
  if (const std::size_t mark = text.find(" (with bs=1)"); mark != std::string_view::npos) {
    text = text.substr(0, mark);
    text.remove_prefix(text.find_last_of(' ') + 1);  // nothing where there is no blank
  } else if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    text.remove_prefix(slash + 1);
  }
  const auto number = parse_int(trim(text));
  return number ? std::optional(*number) : std::nullopt;
}

}  // namespace mia::record
