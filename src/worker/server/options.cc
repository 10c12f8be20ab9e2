// SPDX-License-Identifier: MIT
#include "worker/server/options.h"

#include <utility>

#include "base/text.h"
#include "record/fields.h"

namespace mia::worker {
namespace {

struct Option {
  std::string name;
  std::string value;
};

// Newer servers have --load-mode, older ones a switch for each way.
Option load_mode(const std::string& mode, const ServerHelp& help) {
  if (help.has("--load-mode")) {
    return {"--load-mode", mode == "direct" ? "dio" : mode == "mlock" ? "mmap+mlock" : mode};
  }
  const char* const name = mode == "mlock"    ? "--mlock"
                           : mode == "none"   ? "--no-mmap"
                           : mode == "direct" ? "--direct-io"
                                              : "";
  return {name, ""};
}

// An empty name: nothing is to be said.
Option option_of(const record::Field& field, const record::Value& value, const ServerHelp& help) {
  const std::string text = record::to_text(value);
  if (field.name == "load_mode") {
    return load_mode(text, help);
  }
  Option option{std::string(field.flag), text};
  if (field.flag.starts_with("--no-")) {
    return {text == "false" ? option.name : "", ""};
  }
  if (field.type == record::FieldType::boolean) {
    option.value.assign(1, text == "true" ? '1' : '0');
  }
  // A switch alone, as --cpu-strict, and --flash-attn of older servers.
  if (help.has(option.name) && !help.takes_value(option.name)) {
    return {text == "off" || text == "false" ? "" : option.name, ""};
  }
  return option;
}

}  // namespace

// "-t,    --threads N      text", "--op-offload, --no-op-offload      text": names end with a comma or are the last, a
// value's name follows after one blank.
ServerHelp::ServerHelp(std::string_view text) {
  for (const std::string& line : split(text, '\n')) {
    std::string_view rest = trim(line);
    while (rest.size() > 1 && line.front() == '-' && rest.front() == '-') {
      const std::size_t end = rest.find_first_of(", ");
      const std::string name(rest.substr(0, end));
      const bool more = end != std::string_view::npos && rest[end] == ',';
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      options_[name] = !more && !rest.empty() && rest.front() != ' ';
      if (!more) {
        break;
      }
      rest = trim(rest);
    }
  }
}

bool ServerHelp::takes_value(std::string_view option) const {
  const auto at = options_.find(option);
  return at != options_.end() && at->second;
}

Result<std::vector<std::string>> options_of(const record::Settings& settings, const ServerHelp& help) {
  std::vector<std::string> options;
  for (const record::Field& field : record::fields()) {
    const record::Value value = record::get(settings, field);
    if (field.flag.empty() || std::holds_alternative<std::monostate>(value)) {
      continue;
    }
    const Option option = option_of(field, value, help);
    if (option.name.empty()) {
      continue;
    }
    if (help.has(option.name)) {
      options.push_back(option.name);
      if (!option.value.empty()) {
        options.push_back(option.value);
      }
    } else if (record::to_text(value) != field.standard) {
      return fail(ErrorKind::unsupported, "{} = {}: this server has no {}", field.name, record::to_text(value),
                  option.name);
    }
  }
  return options;
}

}  // namespace mia::worker
