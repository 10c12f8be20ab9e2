// SPDX-License-Identifier: MIT
#include "model/places.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <set>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/text.h"
#include "model/describe.h"
#include "model/not_a_model.h"
#include "model/parts.h"

namespace mia::model {
namespace fs = std::filesystem;
namespace {

constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxEntries = 20'000;  // of one folder of a place, all below it together
constexpr std::size_t kMaxManifest = std::size_t{256} << 10U;
constexpr std::size_t kMaxModels = 2000;  // of one place
constexpr std::size_t kShown = 8;

// tree: GGUF files in folders. hub: Hugging Face's, repositories with snapshots of links. manifests: Ollama's, JSON
// that names blobs by their digest.
enum class Layout { tree, hub, manifests };

struct ModelPlace {
  std::string name;
  std::string title;
  Layout layout = Layout::tree;
  std::vector<std::string> folders;  // "$VARIABLE/..." where it is set, "~/..."
};

// Sources. Ollama: docs.ollama.com/faq (where models are stored; the service's own account), its manifests are OCI
// image manifests. LM Studio: lmstudio.ai/docs/basics/import-model; the older folder from before 0.3.5. Hugging Face:
// huggingface.co/docs/hub/local-cache, llama.cpp's newer cache too. llama.cpp: its tools/server/README.md
// (LLAMA_CACHE). GPT4All: docs.gpt4all.io, the desktop program's and the Python package's folder.
std::vector<ModelPlace> known_places() {
  return {{"ollama",
           "Ollama",
           Layout::manifests,
           {"$OLLAMA_MODELS", "~/.ollama/models", "/usr/share/ollama/.ollama/models"}},
          {"lmstudio", "LM Studio", Layout::tree, {"~/.lmstudio/models", "~/.cache/lm-studio/models"}},
          {"hf",
           "Hugging Face",
           Layout::hub,
           {"$HF_HUB_CACHE", "$HF_HOME/hub", "$XDG_CACHE_HOME/huggingface/hub", "~/.cache/huggingface/hub"}},
          {"llama.cpp", "llama.cpp", Layout::tree, {"$LLAMA_CACHE", "$XDG_CACHE_HOME/llama.cpp", "~/.cache/llama.cpp"}},
          {"gpt4all", "GPT4All", Layout::tree, {"~/.local/share/nomic.ai/GPT4All", "~/.cache/gpt4all"}}};
}

std::vector<ModelPlace> places_of(std::span<const CatalogueEntry> entries) {
  std::vector<ModelPlace> places = known_places();
  for (const CatalogueEntry& entry : entries) {
    if (entry.source == kFolderSource) {
      places.push_back({entry.id, "configuration", Layout::tree, {entry.file}});
    }
  }
  return places;
}

// Empty where the variable is not set or there is no home.
fs::path expanded(const std::string& folder) {
  if (folder.starts_with("~/")) {
    const fs::path home = home_dir();
    return home.empty() ? home : home / folder.substr(2);
  }
  if (!folder.starts_with('$')) {
    return folder;
  }
  const std::size_t slash = std::min(folder.find('/'), folder.size());
  const char* const value = std::getenv(folder.substr(1, slash - 1).c_str());
  return value != nullptr && *value != '\0' ? fs::path(value + folder.substr(slash)) : fs::path();
}

// What programs call a file that they have not finished: Hugging Face, browsers, Ollama, llama.cpp, GPT4All.
bool is_partial(std::string_view name) {
  constexpr std::array<std::string_view, 6> kEnds{".incomplete", ".part",       ".partial",
                                                  "-partial",    ".crdownload", ".downloadInProgress"};
  return name.starts_with("incomplete-") ||
         std::ranges::any_of(kEnds, [&](std::string_view end) { return name.ends_with(end); });
}

bool is_digest(std::string_view text) {
  constexpr std::string_view kHash = "sha256:";
  constexpr std::size_t kHex = 64;
  return text.starts_with(kHash) && text.size() == kHash.size() + kHex &&
         text.find_first_not_of("0123456789abcdef", kHash.size()) == std::string_view::npos;
}

fs::path real_path(const fs::path& path) {
  std::error_code code;
  const fs::path real = fs::canonical(path, code);
  return code ? path : real;
}

// One folder of one place.
class Finder {
 public:
  Finder(const ModelPlace& place, fs::path folder, FoundModels& found)
      : place_(place), folder_(std::move(folder)), found_(found), before_(found.models.size()) {}

  void look() {
    std::error_code code;
    const fs::file_status status = fs::status(folder_, code);
    if (!folder_.is_absolute()) {
      say(folder_, "no absolute path: not looked into");
    } else if (status.type() == fs::file_type::not_found) {
      say(folder_, "not there");
    } else if (status.type() == fs::file_type::none) {
      say(folder_, "cannot be read: " + code.message());
    } else if (status.type() != fs::file_type::directory) {
      say(folder_, "is no folder");
    } else {
      read();
      const std::size_t count = found_.models.size() - before_;
      say(folder_, fmt::format("{}{}", count, full() ? ", and more was not read" : ""));
    }
  }

 private:
  using Visit = std::function<void(const fs::path& path, const fs::path& inside)>;

  void read() {
    switch (place_.layout) {
      case Layout::tree:
        return walk(folder_, {}, [&](const fs::path& path, const fs::path& inside) { take("", path, inside); });
      case Layout::hub:
        return read_hub();
      case Layout::manifests:
        return read_manifests();
    }
  }

  [[nodiscard]] bool full() const { return entries_ > kMaxEntries || found_.models.size() - before_ >= kMaxModels; }

  void say(const fs::path& folder, std::string state) {
    found_.folders.push_back({place_.title, folder, std::move(state)});
  }

  // Names in a folder, sorted; each counts against the bound.
  std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code code;
    fs::directory_iterator at(folder, code);
    for (; !code && at != fs::directory_iterator() && !full(); at.increment(code)) {
      names.push_back(at->path().filename().string());
      ++entries_;
    }
    if (code && code != std::errc::no_such_file_or_directory) {
      say(folder, "cannot be read: " + code.message());
    }
    std::ranges::sort(names);
    return names;
  }

  // What is no folder, below `folder`; links are followed, each folder once.
  void walk(const fs::path& folder, const fs::path& inside, const Visit& visit, int depth = 0) {
    if (!walked_.insert(real_path(folder).string()).second) {
      return;
    }
    for (const std::string& name : names_in(folder)) {
      std::error_code code;
      if (full()) {
        return;
      }
      if (!fs::is_directory(folder / name, code)) {
        visit(folder / name, inside / name);
      } else if (depth < kMaxDepth) {
        walk(folder / name, inside / name, visit, depth + 1);
      }
    }
  }

  void read_hub() {
    constexpr std::string_view kRepo = "models--";
    for (const std::string& repo : names_in(folder_)) {
      if (repo.starts_with(kRepo)) {
        std::string name = repo.substr(kRepo.size());
        if (const std::size_t dashes = name.find("--"); dashes != std::string::npos) {
          name.replace(dashes, 2, "/");
        }
        read_repository(folder_ / repo, name);
      }
    }
  }

  // The snapshot that is "main", or the only one, gives the plain names; others say their revision.
  void read_repository(const fs::path& repo, const std::string& name) {
    constexpr std::size_t kRevision = 8;
    std::error_code code;
    const fs::path ref = repo / "refs/main";
    const std::string main =
        fs::is_regular_file(ref, code) ? std::string(trim(read_file(ref, kMaxManifest).value_or(""))) : "";
    std::vector<std::string> revisions = names_in(repo / "snapshots");
    std::ranges::stable_partition(revisions, [&](const std::string& revision) { return revision == main; });
    taken_.clear();
    for (const std::string& revision : revisions) {
      const bool plain = revision == main || revisions.size() == 1;
      const std::string prefix = name + (plain ? "/" : "@" + revision.substr(0, kRevision) + "/");
      walk(repo / "snapshots" / revision, {},
           [&](const fs::path& path, const fs::path& inside) { take(prefix, path, inside); });
    }
    for (const std::string& blob : names_in(repo / "blobs")) {
      if (is_partial(blob)) {
        take(name + "/", repo / "blobs" / blob, blob);
      }
    }
  }

  // A file of a tree: a model, a part of one, or something that a person may take for one.
  void take(const std::string& prefix, const fs::path& path, const fs::path& inside) {
    const std::string file = path.filename().string();
    const std::vector<fs::path> files = files_by_name(path);
    if (is_partial(file)) {
      return add(prefix + inside.string(), {path}, "a download that is not complete");
    }
    if (file.ends_with(".safetensors")) {
      if (taken_.insert((path.parent_path() / "*.safetensors").string()).second) {
        add(prefix + inside.string(), {path});
      }
    } else if (file.ends_with(".gguf") && taken_.insert(real_path(files.front()).string()).second) {
      add(prefix + (inside.parent_path() / model_name(path)).string(), files);
    }
  }

  void read_manifests() {
    walk(folder_ / "manifests", {}, [&](const fs::path& path, const fs::path& inside) {
      std::vector<std::string> parts(inside.begin(), inside.end());
      if (parts.size() < 2) {
        return;
      }
      const std::string tag = parts.back();
      parts.pop_back();
      for (const std::string_view standard : {"registry.ollama.ai", "library"}) {
        if (parts.size() > 1 && parts.front() == standard) {
          parts.erase(parts.begin());
        }
      }
      const std::string name = join(parts, "/") + ":" + tag;
      const Result<fs::path> blob = blob_of(path);
      blob ? add(name, {*blob}) : add(name, {path}, blob.error().message);
    });
    for (const std::string& blob : names_in(folder_ / "blobs")) {
      if (is_partial(blob)) {
        add(blob, {folder_ / "blobs" / blob}, "a download that is not complete");
      }
    }
  }

  [[nodiscard]] Result<fs::path> blob_of(const fs::path& manifest) const {
    constexpr std::string_view kWeights = "application/vnd.ollama.image.model";
    std::error_code code;
    if (!fs::is_regular_file(manifest, code)) {
      return fail(ErrorKind::unsupported, "its manifest is no regular file");
    }
    MIA_TRY_ASSIGN(const std::string text, context(read_file(manifest, kMaxManifest), "its manifest"));
    MIA_TRY_ASSIGN(const Json json, context(parse_json(text), "its manifest is no JSON"));
    for (const Json& layer : get_member(json, "layers")) {
      const std::string digest = get_string(layer, "digest").value_or("");
      if (get_string(layer, "mediaType") != kWeights) {
        continue;
      }
      if (!is_digest(digest)) {
        return fail(ErrorKind::unsupported, "its manifest names no digest of weights, but '{}'", one_line(digest, 80));
      }
      const fs::path blob = folder_ / "blobs" / ("sha256-" + digest.substr(digest.find(':') + 1));
      return fs::exists(blob, code) ? Result<fs::path>(blob)
                                    : fail(ErrorKind::not_found, "its weights are not there: '{}'", blob.string());
    }
    return fail(ErrorKind::unsupported, "its manifest names no GGUF weights");
  }

  void add(std::string name, const std::vector<fs::path>& files, std::string problem = {}) {
    FoundModel model{fmt::format("{}:{}", place_.name, name), files.front(), 0, std::move(problem)};
    for (const fs::path& file : files) {
      std::error_code code;
      const fs::file_status status = fs::status(file, code);
      if (fs::is_regular_file(status)) {
        model.bytes += static_cast<std::int64_t>(fs::file_size(file, code));
      } else if (fs::exists(status) && model.problem.empty()) {
        model.problem = name_non_file(file).error.message;
      } else if (model.problem.empty() && fs::is_symlink(file, code)) {
        model.problem = no_such_file(file).error.message;
      }
    }
    if (model.problem.empty() && one_line(model.name) != model.name) {
      model.problem = "its name holds what a terminal obeys: name the file";
    }
    const bool known = std::ranges::any_of(
        found_.models, [&](const FoundModel& other) { return other.name == model.name && is_same(other, model); });
    if (!known) {
      found_.models.push_back(std::move(model));
    }
  }

  // By its file, or by the digest that is its file's name.
  static bool is_same(const FoundModel& a, const FoundModel& b) {
    return real_path(a.path) == real_path(b.path) ||
           (a.path.filename() == b.path.filename() && a.path.filename().string().starts_with("sha256-"));
  }

  const ModelPlace& place_;
  fs::path folder_;
  FoundModels& found_;
  std::size_t before_;
  std::size_t entries_ = 0;
  std::set<std::string> walked_;
  std::set<std::string> taken_;
};

std::string_view place_part(std::string_view id) {
  return id.substr(0, std::min(id.find(':'), id.size()));
}

std::string_view own_part(std::string_view id) {
  const std::size_t colon = id.find(':');
  return colon == std::string_view::npos ? id : id.substr(colon + 1);
}

bool is_measurable(const FoundModel& model) {
  const auto info = model.problem.empty() ? inspect(model.path) : fail(ErrorKind::unsupported, "");
  return info && record::is_decoder(*info);
}

// The models that a name, or the beginning of one, speaks of.
std::vector<FoundModel> matches(std::string_view id, const FoundModels& found) {
  const std::string_view name = id.ends_with(".gguf") ? id.substr(0, id.size() - std::string_view(".gguf").size()) : id;
  std::vector<FoundModel> same;
  std::vector<FoundModel> longer;
  for (const FoundModel& model : found.models) {
    const std::string_view rest = std::string_view(model.name).substr(std::min(name.size(), model.name.size()));
    if (model.name == name || model.name == fmt::format("{}:latest", name)) {
      same.push_back(model);
    } else if (model.name.starts_with(name) && (rest[0] == '/' || rest[0] == ':' || rest[0] == '@')) {
      longer.push_back(model);
    }
  }
  std::vector<FoundModel> all = same.empty() ? std::move(longer) : std::move(same);
  std::vector<FoundModel> measurable;
  if (all.size() > 1) {
    std::ranges::copy_if(all, std::back_inserter(measurable), is_measurable);
  }
  return measurable.empty() ? all : measurable;
}

Failure ambiguous(std::string_view id, const std::vector<FoundModel>& models) {
  std::vector<std::string> shown;
  const bool alike = models.front().name == models.back().name;
  for (const FoundModel& model : std::span(models).first(std::min(models.size(), kShown))) {
    shown.push_back(one_line(alike ? model.path.string() : model.name));
  }
  const std::string more = models.size() > kShown ? fmt::format(" or {} more", models.size() - kShown) : "";
  return with_hint(fail(ErrorKind::usage, "'{}' could be each of {} models", one_line(id, 200), models.size()),
                   fmt::format("name one: {}{}", join(shown, ", "), more));
}

}  // namespace

FoundModels find_models(std::span<const CatalogueEntry> entries, std::string_view place) {
  FoundModels found;
  for (const ModelPlace& known : places_of(entries)) {
    std::set<fs::path> looked;
    for (const std::string& text : known.folders) {
      const fs::path folder = expanded(text);
      if ((place.empty() || known.name == place) && !folder.empty() && looked.insert(real_path(folder)).second) {
        Finder(known, folder, found).look();
      }
    }
  }
  std::ranges::stable_sort(found.models, {}, &FoundModel::name);
  return found;
}

std::vector<FoundModel> measurable_models(std::span<const CatalogueEntry> entries) {
  std::vector<FoundModel> models = find_models(entries).models;
  std::erase_if(models, [](const FoundModel& model) { return !is_measurable(model); });
  return models;
}

bool names_a_place(std::string_view id, std::span<const CatalogueEntry> entries) {
  return contains(id, ":") && std::ranges::count(places_of(entries), place_part(id), &ModelPlace::name) > 0;
}

Result<fs::path> resolve_found(std::string_view id, std::span<const CatalogueEntry> entries) {
  const FoundModels found = find_models(entries, place_part(id));
  const std::vector<FoundModel> models = matches(id, found);
  if (models.size() > 1) {
    return ambiguous(id, models);
  }
  if (!models.empty() && !models.front().problem.empty()) {
    return with_hint(fail(ErrorKind::unsupported, "'{}' cannot be measured: {}", one_line(id, 200),
                          one_line(models.front().problem)),
                     "mia-perf find shows what can");
  }
  if (!models.empty()) {
    return models.front().path;
  }
  const std::vector<std::string> near = similar_names(own_part(id), found);
  return with_hint(fail(ErrorKind::not_found, "there is no model '{}' here", one_line(id, 200)),
                   near.empty() ? "mia-perf find shows the models that are here, and where it looks"
                                : fmt::format("did you mean {}?", join(near, " or ")));
}

std::vector<std::string> similar_names(std::string_view wanted, const FoundModels& found) {
  constexpr std::size_t kLeast = 3;
  std::string plain = lower(wanted);
  if (plain.ends_with(".gguf")) {
    plain.resize(plain.size() - std::string_view(".gguf").size());
  }
  std::vector<std::string> names;
  std::vector<std::string> own;
  std::vector<std::string> near;
  for (const FoundModel& model : found.models) {
    if (model.problem.empty()) {
      names.push_back(model.name);
      own.push_back(lower(own_part(model.name)));
      if (std::min(plain.size(), own.back().size()) >= kLeast && near.size() < kShown &&
          (contains(own.back(), plain) || contains(plain, own.back()))) {
        near.push_back(model.name);
      }
    }
  }
  if (const auto slip = nearest_name(plain, own); near.empty() && slip) {
    near.push_back(names[static_cast<std::size_t>(std::ranges::find(own, *slip) - own.begin())]);
  }
  return near;
}

}  // namespace mia::model
