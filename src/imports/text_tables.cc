// SPDX-License-Identifier: MIT
#include "imports/text_tables.h"

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace mia::imports {
namespace {

constexpr auto kHeadings = std::to_array<std::pair<std::string_view, const char*>>({
    {"model", "model_type"},
    {"model_size", "size"},  // "3.56 GiB", no number of bytes
    {"model_n_params", "params"},
    {"backend", "backends"},
    {"gpu", "gpu_info"},
    {"cpu", "cpu_info"},
    {"ngl", "n_gpu_layers"},
    {"threads", "n_threads"},
    {"fa", "flash_attn"},
    {"mmap", "use_mmap"},
    {"dio", "use_direct_io"},
    {"sm", "split_mode"},
    {"mg", "main_gpu"},
    {"nkvo", "no_kv_offload"},
    {"ts", "tensor_split"},
    {"dev", "devices"},
    {"ot", "tensor_buft_overrides"},
    {"embd", "embeddings"},
    {"nopo", "no_op_offload"},
    {"ncmoe", "n_cpu_moe"},
    {"b", "pl"},  // of batched-bench and sweep-bench
    {"t_pp s", "t_pp"},
    {"s_pp t/s", "speed_pp"},
    {"t_tg s", "t_tg"},
    {"s_tg t/s", "speed_tg"},
    {"t s", "t"},
    {"s t/s", "speed"},
});

// "pp512", "tg 128", "pp512+tg128 @ d4096": each letter pair with its number; nothing where it is something else.
Json tests_of(std::string_view cell) {
  Json columns = Json::object();
  std::string text = lower(cell);
  std::erase_if(text, [](char c) { return c == ' ' || c == '+' || c == '@'; });
  constexpr auto kParts =
      std::to_array<std::pair<std::string_view, const char*>>({{"pp", "n_prompt"}, {"tg", "n_gen"}, {"d", "n_depth"}});
  std::string_view rest = text;
  for (const auto& [letters, column] : kParts) {
    if (rest.starts_with(letters)) {
      rest.remove_prefix(letters.size());
      const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
      if (digits == 0) {
        break;
      }
      columns[column] = std::string(rest.substr(0, digits));
      rest.remove_prefix(digits);
    }
  }
  const bool is_test = rest.empty() && (columns.contains("n_prompt") || columns.contains("n_gen"));
  return is_test ? columns : Json{{"test", cell}};
}

// "101.00 ± 1.00"
Json speed_of(const std::string& cell) {
  for (const std::string_view sign : {"±", "+/-", "+-"}) {
    if (const std::size_t at = cell.find(sign); at != std::string::npos) {
      return {{"avg_ts", std::string(trim(std::string_view(cell).substr(0, at)))},
              {"stddev_ts", std::string(trim(std::string_view(cell).substr(at + sign.size())))}};
    }
  }
  return {{"avg_ts", cell}};
}

}  // namespace

std::string_view Cursor::this_line() const {
  return rest().substr(0, rest().find('\n'));
}

std::string_view Cursor::next_line() const {
  Cursor next = *this;
  next.skip_line();
  return next.this_line();
}

void Cursor::skip(std::size_t bytes) {
  bytes = std::min(bytes, text_.size() - at_);
  line_ += static_cast<std::size_t>(std::ranges::count(text_.substr(at_, bytes), '\n'));
  at_ += bytes;
}

bool Cursor::take(char c) {
  const bool there = !at_end() && text_[at_] == c;
  skip(there ? 1 : 0);
  return there;
}

Result<std::string> Cursor::field(char separator) {
  if (!take('"')) {
    const char ends[] = {separator, '\n'};
    std::string plain(rest().substr(0, rest().find_first_of({ends, 2})));
    skip(plain.size());
    return plain;
  }
  const std::size_t from = line_;
  std::string value;
  while (!at_end()) {
    const char c = text_[at_];
    skip(1);
    if (c == '"' && !take('"')) {
      return value;
    }
    value += c;
  }
  return fail(ErrorKind::usage, "line {}: a quote is never closed; the file is not whole", from);
}

Result<std::vector<std::string>> Cursor::record(char separator) {
  std::vector<std::string> fields;
  do {
    MIA_TRY_ASSIGN(fields.emplace_back(), field(separator));
  } while (take(separator));
  if (!at_end() && !take('\n')) {
    return fail(ErrorKind::usage, "line {}: text after a closing quote", line_);
  }
  return fields;
}

std::vector<std::string> markdown_cells(std::string_view line) {
  line = trim(line);
  while (line.starts_with('>')) {
    line = trim(line.substr(1));
  }
  std::vector<std::string> cells;
  if (line.find('|') == std::string_view::npos) {
    return cells;
  }
  std::string cell;
  for (std::size_t i = line.starts_with('|') ? 1 : 0; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
      cell += line[++i];
    } else if (line[i] == '|') {
      cells.push_back(std::exchange(cell, {}));
    } else if (line[i] != '*' && line[i] != '`') {
      cell += line[i];
    }
  }
  if (!line.ends_with('|')) {
    cells.push_back(std::move(cell));
  }
  for (std::string& one : cells) {
    one = std::string(trim(one));
  }
  return cells;
}

bool is_markdown_rule(std::string_view line) {
  const std::vector<std::string> cells = markdown_cells(line);
  return !cells.empty() && std::ranges::all_of(cells, [](const std::string& cell) {
    return cell.find('-') != std::string::npos && cell.find_first_not_of("-: ") == std::string::npos;
  });
}

Json columns_of_cell(std::string_view heading, const std::string& cell) {
  const std::string name = lower(heading);
  if (name == "test") {
    return tests_of(cell);
  }
  const auto* const known = std::ranges::find(kHeadings, name, &decltype(kHeadings)::value_type::first);
  if (known != kHeadings.end()) {
    return {{known->second, cell}};
  }
  std::string rest(heading);
  for (const std::string_view speed : {"tokens/s", "tok/s", "t/s"}) {
    if (const std::size_t at = lower(rest).find(speed); at != std::string::npos) {
      rest.erase(at, speed.size());
    }
  }
  const bool is_speed = rest.size() < heading.size();
  std::erase_if(rest, [&](char c) { return is_speed && (c == '(' || c == ')'); });
  rest = trim(rest);
  Json columns = tests_of(rest);
  if (rest.empty() || columns.contains("test")) {
    columns = is_speed && !rest.empty() ? Json{{"build_commit", rest}} : Json::object();
  }
  if (!is_speed && columns.empty()) {
    return {{name, cell}};
  }
  columns.update(speed_of(cell));
  return columns;
}

}  // namespace mia::imports
