// SPDX-License-Identifier: MIT
#include "report/gate_view.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "report/escape.h"
#include "report/facts.h"
#include "report/paint.h"
#include "report/table.h"

namespace mia::report {
namespace {

std::string painted(const Paint& paint, const record::Check& check, const std::string& text) {
  if (check.verdict == "fail") {
    return paint.red(text);
  }
  return check.verdict == "pass" ? text : paint.yellow(text);
}

std::string skipped_names(const record::Report& report) {
  std::vector<std::string> names;
  for (const record::Check& check : report.checks) {
    if (check.verdict == "skipped") {
      names.push_back(fmt::format("{} ({})", check.name, check.text));
    }
  }
  return join(names, ", ");
}

}  // namespace

std::string gate_text(const record::Report& report, const TextOptions& options) {
  const Paint paint(options.color);
  const auto width = static_cast<std::size_t>(std::max(options.width, 40));
  std::string out = paint.bold(wrap(one_line(title_of(report)), width)) + "\n\n";
  for (const record::Check& check : report.checks) {
    if (check.verdict != "skipped") {
      out += painted(paint, check, wrap(one_line(describe_check(check), 2000), width, 4)) + '\n';
    }
  }
  const std::string skipped = skipped_names(report);
  out += skipped.empty() ? "" : wrap(one_line("not judged: " + skipped, 2000), width, 4) + '\n';
  if (report.judgement) {
    for (const std::string& line : judgement_facts(*report.judgement)) {
      out += '\n' + wrap(one_line(line, 2000), width) + '\n';
    }
    out += '\n' + paint.bold(wrap(one_line(report.judgement->sentence, 2000), width)) + '\n';
  }
  return out;
}

}  // namespace mia::report
