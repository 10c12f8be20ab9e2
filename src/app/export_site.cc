// SPDX-License-Identifier: MIT
#include "app/export_site.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <system_error>
#include <variant>

#include <nlohmann/json.hpp>

#include "app/find_report.h"
#include "app/page.h"
#include "base/files.h"
#include "base/text.h"
#include "document/html.h"

namespace mia::app {
namespace {
namespace fs = std::filesystem;

constexpr const char* kIndex = "index.html";
constexpr const char* kManifest = "mia-perf-export.json";  // names what an export wrote

struct Page {
  std::string file;
  std::vector<document::Value> row;  // of the index
  std::string html;
};

// Ids are names of files as they are, but for those that somebody else chose.
std::string file_of(const std::string& id) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  constexpr std::size_t kLongest = 100;
  const bool plain = !id.empty() && id.size() <= kLongest && id.find_first_not_of(kPlain) == std::string::npos;
  return (plain && id != "index" ? id : hash_hex(id)) + ".html";
}

template <class T, class Name>
std::string names_of(const std::vector<T>& items, Name name) {
  std::set<std::string> names;
  std::ranges::transform(items, std::inserter(names, names.end()), name);
  return join(std::vector<std::string>(names.begin(), names.end()), ", ");
}

struct MakePage {
  document::Frame frame{{{"All results", kIndex}}};

  Page operator()(const record::Report& found) const {
    const std::string file = file_of(found.session);
    return {file,
            {document::Link{found.session, file}, found.scenario,
             names_of(found.models, [](const auto& model) { return model.id; }),
             names_of(found.runtimes, [](const auto& runtime) { return runtime.name + " " + runtime.version; }),
             found.machine.cpu_model, found.started, found.sentence},
            to_html(found, frame)};
  }
  Page operator()(const record::Comparison& found) const {
    const std::string file = file_of(found.session);
    return {file,
            {document::Link{found.session, file}, found.b.label + " against " + found.a.label,
             names_of(std::vector{found.a, found.b}, [](const auto& arm) { return arm.model.id; }),
             names_of(std::vector{found.a, found.b},
                      [](const auto& arm) { return arm.runtime.name + " " + arm.runtime.version; }),
             found.machine.cpu_model, found.started, found.sentence},
            to_html(found, frame)};
  }
};

std::string index_of(const std::vector<Page>& pages) {
  document::Table table{{{"", "session"},
                         {"", "what"},
                         {"", "model"},
                         {"", "runtime"},
                         {"", "machine"},
                         {"", "started"},
                         {"", "what it says"}}};
  std::ranges::transform(pages, std::back_inserter(table.rows), &Page::row);
  return document::to_html({"Measured with mia-perf", {{"", {std::move(table)}}}}, {});
}

// What an earlier export wrote there.
Result<std::set<std::string>> earlier_files(const fs::path& folder) {
  std::set<std::string> files;
  std::error_code code;
  if (!fs::exists(folder, code)) {
    return files;
  }
  if (const auto text = read_file(folder / kManifest)) {
    MIA_TRY_ASSIGN(const Json json, context(parse_json(*text), (folder / kManifest).string()));
    for (const Json& name : get_member(json, "files")) {
      if (name.is_string()) {
        files.insert(name.get<std::string>());
      }
    }
    files.insert(kManifest);
  }
  for (fs::directory_iterator at(folder, code), end; !code && at != end; at.increment(code)) {
    if (const std::string name = at->path().filename().string(); !files.contains(name)) {
      return with_hint(
          fail(ErrorKind::usage, "'{}' holds '{}', which no export wrote", folder.string(), one_line(name, 100)),
          "name an empty or a new folder with -o");
    }
  }
  if (code) {
    return fail(ErrorKind::usage, "'{}' is no folder that can be read: {}", folder.string(), code.message());
  }
  files.erase(kManifest);
  return files;
}

Status write_manifest(const fs::path& folder, const std::set<std::string>& files) {
  return write_file_atomic(folder / kManifest, dump_json({{"files", files}}, 2) + "\n");
}

}  // namespace

Result<fs::path> export_site(const Scope& scope, const std::vector<std::string>& what, const fs::path& folder) {
  MIA_TRY_ASSIGN(std::set<std::string> old, earlier_files(folder));
  std::vector<Page> pages;
  std::set<std::string> files = {kIndex};
  for (const std::string& one : what) {
    MIA_TRY_ASSIGN(const report::Found found, find_result(scope, one, false, Trials::whole));
    Page page = std::visit(MakePage{}, found);
    if (files.insert(page.file).second) {
      pages.push_back(std::move(page));
    }
  }
  // An export that ends in the middle leaves nothing that the next one does not know.
  std::set<std::string> all = old;
  all.insert(files.begin(), files.end());
  MIA_TRY(write_manifest(folder, all));
  for (const Page& page : pages) {
    MIA_TRY(write_file_atomic(folder / page.file, page.html));
  }
  MIA_TRY(write_file_atomic(folder / kIndex, index_of(pages)));
  for (const std::string& name : old) {
    if (std::error_code ignored; !files.contains(name) && fs::path(name).filename() == name) {
      fs::remove(folder / name, ignored);
    }
  }
  MIA_TRY(write_manifest(folder, files));
  return folder / kIndex;
}

}  // namespace mia::app
