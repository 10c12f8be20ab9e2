// SPDX-License-Identifier: MIT
#include <memory>

#include <CLI/CLI.hpp>

#include "app/export_site.h"
#include "base/text.h"
#include "cli/cli.h"

namespace mia::cli {
namespace {

struct ExportOptions {
  std::vector<std::string> what;
  std::string out;
};

Result<int> export_pages(const Common& common, const ExportOptions& options) {
  MIA_TRY_ASSIGN(const std::filesystem::path index, app::export_site(common, options.what, options.out));
  print(one_line(index.string(), 4096) + "\n");
  return kOk;
}

}  // namespace

void add_export(Cli& cli) {
  CLI::App* const verb =
      cli.app.add_subcommand("export", "chosen results as a folder of pages for a wiki or a web server");
  auto options = std::make_shared<ExportOptions>();
  verb->add_option("what", options->what, "report files, ids of sessions or comparisons, prefixes of them, or last")
      ->required();
  verb->add_option("-o,--out", options->out, "folder: a new one, an empty one, or that of an earlier export")
      ->required();
  verb->footer("example: mia-perf export last -o site");
  verb->callback([&cli, options] { cli.action = [&cli, options] { return export_pages(cli.common, *options); }; });
}

}  // namespace mia::cli
