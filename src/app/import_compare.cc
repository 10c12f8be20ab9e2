// SPDX-License-Identifier: MIT
#include "app/import_compare.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>

#include "base/files.h"
#include "base/text.h"
#include "stats/paired.h"

namespace mia::app {
namespace {

using imports::Sample;
using record::Verdict;

constexpr std::size_t kMostBytes = std::size_t{64} << 20U;
constexpr std::size_t kMostLines = 2000;  // every one is compared with every other
constexpr double kAlpha = 0.01;

Result<std::string> read_standard_input() {
  std::string text;
  std::array<char, 1U << 16U> part{};
  while (std::cin.read(part.data(), part.size()) || std::cin.gcount() > 0) {
    text.append(part.data(), static_cast<std::size_t>(std::cin.gcount()));
    if (text.size() > kMostBytes) {
      return fail(ErrorKind::usage, "standard input is over the limit of {}", human_bytes(kMostBytes));
    }
  }
  return text;
}

struct Side {
  std::string name;
  std::vector<Sample> lines;
};

// The calls of one side show how far calls differ by themselves, where there are enough of them.
judge::UnpairedResult judge_line(const Sample& a, const Sample& b, double alpha) {
  judge::UnpairedOptions options;
  options.alpha = alpha;
  options.better = a.unit == "ms" ? record::Better::lower : record::Better::higher;
  options.noise = judge::session_noise(a.levels.size() >= b.levels.size() ? a.levels : b.levels);
  return judge::compare_unpaired(a.values, b.values, options);
}

std::string name_of(const Sample& sample, const std::vector<std::string>& named) {
  const std::string columns = imports::describe(sample, named);
  return columns.empty() ? sample.test : sample.test + " " + columns;
}

void leave_out(ImportComparison& comparison, const Side& side, const Side& other,
               const std::vector<imports::LeftOut>& lines) {
  const std::vector<std::string> named = imports::differing(side.lines);
  for (const imports::LeftOut& line : lines) {
    comparison.left_out.push_back(
        fmt::format("{} of {}: {}", name_of(side.lines[line.index], named), side.name,
                    line.reason == "no line of this test" ? "no such test in " + other.name : line.reason));
  }
}

// Worst first: one slower line is a regression, one unclear line leaves the whole unclear.
void conclude(ImportComparison& comparison) {
  std::map<Verdict, std::size_t> counts;
  for (const ImportComparison::Line& line : comparison.lines) {
    ++counts[line.result.verdict];
  }
  std::vector<std::string> parts;
  for (const Verdict verdict : {Verdict::slower, Verdict::unclear, Verdict::faster, Verdict::same}) {
    if (counts[verdict] > 0) {
      comparison.verdict = parts.empty() ? verdict : comparison.verdict;
      parts.push_back(fmt::format("{} {}", counts[verdict], record::name_of(verdict)));
    }
  }
  const std::size_t lines = comparison.lines.size();
  const auto worst = std::ranges::max_element(
      comparison.lines, {}, [](const ImportComparison::Line& line) { return line.result.effect.value_or(-1e9); });
  const std::string counted = lines == 1          ? "one line"
                              : parts.size() == 1 ? fmt::format("all {} lines", lines)
                                                  : fmt::format("of {} lines {}", lines, join(parts, ", "));
  comparison.sentence = fmt::format("{}: {}", record::name_of(comparison.verdict), counted);
  if (comparison.verdict == Verdict::slower && lines > 1) {
    comparison.sentence += fmt::format("; most of all {}, {:+.1f} % in time", name_of(worst->b, comparison.named),
                                       stats::percent(*worst->result.effect));
  }
  if (!comparison.left_out.empty()) {
    comparison.sentence += fmt::format("; {} not compared", comparison.left_out.size());
  }
  comparison.sentence += fmt::format("; chance of any false difference at most {:g} %", 100 * kAlpha);
}

void conclude_nothing(ImportComparison& comparison, const Side& before, const Side& now,
                      const imports::Matches& matches) {
  std::set<std::string> columns;
  std::string reason = "no test is in both";
  for (const imports::LeftOut& line : matches.only_b) {
    columns.insert(line.in_the_way.begin(), line.in_the_way.end());
    reason = line.in_the_way.empty() && columns.empty() && line.reason == "no line of this test" ? reason : line.reason;
  }
  comparison.sentence = fmt::format("nothing to compare: no line of {} is of the same thing as one of {}: {}", now.name,
                                    before.name, reason);
  comparison.hint = "import each file alone to see its lines";
  if (!columns.empty() && columns.size() <= 8) {
    const std::vector<std::string> list(columns.begin(), columns.end());
    comparison.hint = "to compare all the same: --ignore " + join(list, " --ignore ");
  }
}

ImportComparison compare_sides(const Side& before, const Side& now, const std::set<std::string>& open) {
  const imports::Matches matches = imports::match(before.lines, now.lines, open);
  ImportComparison comparison;
  std::vector<Sample> matched;
  const double alpha = kAlpha / static_cast<double>(std::max<std::size_t>(matches.pairs.size(), 1));
  for (const imports::Match& pair : matches.pairs) {
    const Sample& a = before.lines[pair.a];
    const Sample& b = now.lines[pair.b];
    comparison.lines.push_back({a, b, judge_line(a, b, alpha)});
    matched.push_back(b);
  }
  comparison.named = imports::differing(matched);
  leave_out(comparison, before, now, matches.only_a);
  leave_out(comparison, now, before, matches.only_b);
  comparison.notes = imports::notes_on(before.lines, now.lines, matches.pairs);
  if (comparison.lines.empty()) {
    conclude_nothing(comparison, before, now, matches);
  } else {
    conclude(comparison);
  }
  return comparison;
}

// The value that `text` means, or the only one that begins so.
Result<std::string> choose(const std::vector<std::string>& values, const std::string& text, const std::string& column) {
  std::vector<std::string> found;
  for (const std::string& value : values) {
    if (value == text) {
      return value;
    }
    if (!text.empty() && value.starts_with(text)) {
      found.push_back(value);
    }
  }
  if (found.size() != 1) {
    return fail(ErrorKind::usage, "{} has {} value that begins with '{}'; it has {}", column,
                found.empty() ? "no" : "more than one", one_line(text, 60), one_line(join(values, ", "), 300));
  }
  return found.front();
}

// Values of the column, the earliest measured first.
std::vector<std::string> values_in_time(std::vector<Sample> lines, const std::string& column) {
  std::ranges::stable_sort(lines, {}, &Sample::measured);
  std::vector<std::string> values;
  for (const Sample& line : lines) {
    const auto at = line.columns.find(column);
    if (at != line.columns.end() && std::ranges::find(values, at->second) == values.end()) {
      values.push_back(at->second);
    }
  }
  return values;
}

Result<std::pair<std::string, std::string>> two_values(const std::vector<std::string>& values,
                                                       const ImportChoice& choice, const std::string& column) {
  std::optional<std::string> before;
  std::optional<std::string> now;
  if (!choice.before.empty()) {
    MIA_TRY_ASSIGN(before, choose(values, choice.before, column));
  }
  if (!choice.now.empty()) {
    MIA_TRY_ASSIGN(now, choose(values, choice.now, column));
  }
  if (values.size() == 2) {
    const auto other = [&](const std::string& one) { return one == values[0] ? values[1] : values[0]; };
    before = before ? before : now ? other(*now) : values[0];
    now = now ? now : other(*before);
  }
  if (!before || !now) {
    return with_hint(fail(ErrorKind::usage, "{} has {} value{}: {}", column, values.size(),
                          values.size() == 1 ? "" : "s", one_line(join(values, ", "), 300)),
                     values.size() < 2 ? "there is nothing to compare" : "choose two: --before VALUE --now VALUE");
  }
  if (*before == *now) {
    return fail(ErrorKind::usage, "--before and --now are the same {}", column);
  }
  return std::pair(*before, *now);
}

Status check_lines(const std::vector<Sample>& lines, const std::string& name) {
  if (lines.size() > kMostLines) {
    return with_hint(
        fail(ErrorKind::usage, "{} has {} distinct lines; at most {} are compared", name, lines.size(), kMostLines),
        "--ignore COLUMN pools lines");
  }
  return {};
}

}  // namespace

Result<store::ImportedSamples> find_import(store::Store& store, const std::string& what) {
  std::error_code error;
  const bool is_input = what == "-";
  if (is_input || std::filesystem::exists(what, error)) {
    MIA_TRY_ASSIGN(const std::string bytes, is_input ? read_standard_input() : read_file(what, kMostBytes));
    MIA_TRY_ASSIGN(store::ImportedSamples samples,
                   imports::read_llama_bench(bytes, is_input ? "standard input" : what));
    MIA_TRY(store.add_import(samples));
    return samples;
  }
  MIA_TRY_ASSIGN(const auto files, store.imports());
  const auto starts = [&](const store::ImportedFile& file) { return !what.empty() && file.id.starts_with(what); };
  if (std::ranges::count_if(files, starts) != 1) {
    return with_hint(fail(ErrorKind::not_found, "there is neither a file nor an imported one '{}'", what),
                     fmt::format("{}; mia-perf import --list shows those imported", no_such_file(what).error.hint));
  }
  return store.imported(std::ranges::find_if(files, starts)->id);
}

std::set<std::string> ignored_columns(const ImportChoice& choice) {
  std::set<std::string> columns;
  for (const std::string& name : choice.ignored) {
    columns.merge(imports::columns_named(name));
  }
  return columns;
}

Result<ImportComparison> compare_imports(const store::ImportedSamples& before, const store::ImportedSamples& now,
                                         const ImportChoice& choice) {
  const std::set<std::string> ignored = ignored_columns(choice);
  const std::set<std::string> open = imports::columns_named("build");
  Side sides[] = {{before.file.source, imports::samples_of(before.rows, ignored, open).lines},
                  {now.file.source, imports::samples_of(now.rows, ignored, open).lines}};
  for (const Side& side : sides) {
    MIA_TRY(check_lines(side.lines, side.name));
  }
  return compare_sides(sides[0], sides[1], open);
}

Result<ImportComparison> compare_within(const store::ImportedSamples& file, const ImportChoice& choice) {
  const std::set<std::string> named = imports::columns_named(choice.by);
  const std::string column = named.size() > 1 ? std::string(choice.by == "build"     ? "build_commit"
                                                            : choice.by == "machine" ? "cpu_info"
                                                                                     : "model_filename")
                                              : *named.begin();
  const std::set<std::string> open = imports::columns_beside(column);
  const imports::Samples samples = imports::samples_of(file.rows, ignored_columns(choice), open);
  MIA_TRY(check_lines(samples.lines, file.file.source));
  const std::vector<std::string> values = values_in_time(samples.lines, column);
  if (values.empty()) {
    const std::vector<std::string> names = imports::differing(samples.lines);
    return fail(ErrorKind::usage, "no row of {} has a column '{}'; {}", file.file.source, one_line(column, 60),
                names.empty() ? "its rows differ in none" : "its rows differ in " + one_line(join(names, ", "), 300));
  }
  MIA_TRY_ASSIGN(const auto two, two_values(values, choice, column));
  Side before{column + "=" + two.first, {}};
  Side now{column + "=" + two.second, {}};
  for (const Sample& line : samples.lines) {
    const auto at = line.columns.find(column);
    if (at != line.columns.end() && (at->second == two.first || at->second == two.second)) {
      (at->second == two.first ? before : now).lines.push_back(line);
    }
  }
  return compare_sides(before, now, open);
}

}  // namespace mia::app
