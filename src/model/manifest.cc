// SPDX-License-Identifier: MIT
// The manifest cache: one small JSON file per model file, named by the hash of its path. It is only ever a shortcut:
// whatever is wrong with an entry, the model file itself is read instead.
#include <system_error>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/log.h"
#include "model/describe.h"
#include "model/parts.h"

namespace mia::model {
namespace fs = std::filesystem;
namespace {

constexpr int kManifestVersion = 3;
constexpr std::size_t kManifestLimit = std::size_t{1} << 20U;

fs::path manifests_dir() {
  return data_dir() / "manifests";
}

struct Place {
  fs::path entry;  // the cache's file
  std::string key;
};

// nullopt when the file cannot be looked at: reading it will say why.
std::optional<Place> place_of(const fs::path& path) {
  Place place;
  for (const fs::path& file : files_by_name(path)) {
    std::error_code code;
    std::error_code later;
    const fs::path real = fs::canonical(file, code);
    const auto bytes = fs::file_size(real, code);
    const auto changed = fs::last_write_time(real, later);
    if (real.empty() || code || later) {
      return std::nullopt;
    }
    place.key += fmt::format("{} {} {}\n", real.string(), bytes, changed.time_since_epoch().count());
  }
  place.entry = manifests_dir() / (hash_hex(fs::absolute(path).string()) + ".json");
  return place;
}

std::optional<record::ModelInfo> load(const Place& place) {
  const Result<std::string> text = read_file(place.entry, kManifestLimit);
  if (!text) {
    return std::nullopt;
  }
  const Result<Json> json = parse_json(*text);
  if (!json || get_int(*json, "version") != kManifestVersion || get_string(*json, "key") != place.key) {
    return std::nullopt;
  }
  const Result<record::ModelInfo> info = record::model_from_json(get_member(*json, "model"));
  return info ? std::optional(*info) : std::nullopt;
}

// Under the names by which they are reached this time.
void set_files(record::ModelInfo& info, const std::vector<fs::path>& files) {
  info.path = files.front().string();
  info.parts.clear();
  for (const fs::path& file : files) {
    if (files.size() > 1) {
      info.parts.push_back(file.string());
    }
  }
}

void remember(const Place& place, const record::ModelInfo& info) {
  const Json json{{"version", kManifestVersion}, {"key", place.key}, {"model", record::to_json(info)}};
  if (const Status written = write_file_atomic(place.entry, dump_json(json)); !written) {
    log::debug(written.error().text());
  }
}

}  // namespace

Result<record::ModelInfo> inspect(const fs::path& path) {
  const std::optional<Place> place = place_of(path);
  if (place) {
    if (std::optional<record::ModelInfo> known = load(*place)) {
      set_files(*known, known->parts.empty() ? std::vector{path} : files_by_name(path));
      return *known;
    }
  }
  MIA_TRY_ASSIGN(const ModelFiles model, read_model(path));
  MIA_TRY_ASSIGN(record::ModelInfo info, describe(model.whole, model_name(path), model.files.front()));
  set_files(info, model.files);
  if (place) {
    remember(*place, info);
  }
  return info;
}

bool is_manifest_cached(const fs::path& path) {
  const std::optional<Place> place = place_of(path);
  return place && load(*place).has_value();
}

Result<std::int64_t> clear_manifest_cache() {
  std::error_code code;
  if (!fs::exists(manifests_dir(), code)) {
    return std::int64_t{0};
  }
  std::int64_t count = 0;
  fs::directory_iterator entry(manifests_dir(), code);
  for (; !code && entry != fs::directory_iterator(); entry.increment(code)) {
    if (entry->path().extension() != ".json") {
      continue;
    }
    count += fs::remove(entry->path(), code) ? 1 : 0;
    if (code) {
      break;
    }
  }
  if (code) {
    return fail(ErrorKind::io, "cannot clear the manifest cache '{}': {}", manifests_dir().string(), code.message());
  }
  return count;
}

}  // namespace mia::model
