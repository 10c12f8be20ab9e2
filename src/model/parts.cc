// SPDX-License-Identifier: MIT
#include "model/parts.h"

#include <algorithm>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "base/files.h"
#include "base/text.h"

namespace mia::model {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kExtension = ".gguf";
constexpr std::size_t kDigits = 5;
constexpr std::size_t kSuffix = kDigits + std::string_view("--of-").size() + kDigits;  // "-00001-of-00003"

// "NAME" and how many files the name speaks of; 1 with all of the stem as NAME where it has another form.
struct SplitName {
  std::string base;
  std::size_t count = 1;
};

std::optional<std::size_t> five_digits(std::string_view text) {
  const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  const auto value = digits ? parse_int(text) : Result<std::int64_t>(0);
  return value && *value > 0 ? std::optional(static_cast<std::size_t>(*value)) : std::nullopt;
}

SplitName split_name(const fs::path& path) {
  const std::string stem = path.stem().string();
  if (path.extension() == kExtension && stem.size() > kSuffix) {
    const std::string_view suffix = std::string_view(stem).substr(stem.size() - kSuffix);
    const auto part = five_digits(suffix.substr(1, kDigits));
    const auto count = five_digits(suffix.substr(kSuffix - kDigits));
    if (suffix[0] == '-' && suffix.substr(1 + kDigits, 4) == "-of-" && part && count && *part <= *count &&
        *count <= kMaxParts) {
      return {stem.substr(0, stem.size() - kSuffix), *count};
    }
  }
  return {stem, 1};
}

std::string quoted(const fs::path& path) {
  return fmt::format("'{}'", one_line(path.string()));
}

class PartsReader {
 public:
  explicit PartsReader(const fs::path& path) : path_(path), files_(files_by_name(path)) {}

  Result<ModelFiles> read() {
    MIA_TRY(require_present());
    MIA_TRY_ASSIGN(GgufFile named, read_gguf(path_));
    count_ = named.get_int("split.count").value_or(1);
    if (count_ <= 1) {
      return ModelFiles{std::move(named), {path_}};
    }
    MIA_TRY(require_name(named.get_int("split.no").value_or(-1)));
    MIA_TRY(require_all());
    MIA_TRY_ASSIGN(model_.whole, read_gguf(files_.front()));
    MIA_TRY(require_place(model_.whole, 0));
    std::string hashes = model_.whole.header_hash;
    MIA_TRY(take(std::exchange(model_.whole.tensors, {}), files_.front()));
    for (std::size_t i = 1; i < files_.size(); ++i) {
      MIA_TRY_ASSIGN(GgufFile part, read_gguf(files_[i]));
      MIA_TRY(require_place(part, i));
      model_.whole.file_bytes += part.file_bytes;
      hashes += part.header_hash;
      MIA_TRY(take(std::move(part.tensors), files_[i]));
    }
    const auto tensors = static_cast<std::int64_t>(model_.whole.tensors.size());
    if (tensors != model_.whole.get_int("split.tensors.count").value_or(tensors)) {
      return fail(ErrorKind::protocol, "the {} parts of {} hold {} tensors, not the {} that the first speaks of",
                  count_, quoted(files_.front()), tensors, *model_.whole.get_int("split.tensors.count"));
    }
    model_.whole.header_hash = hash_hex(hashes);
    model_.files = files_;
    return std::move(model_);
  }

 private:
  // The named part itself may be the one that is missing.
  Status require_present() const {
    std::error_code code;
    const bool siblings = std::ranges::any_of(files_, [&](const fs::path& file) { return fs::exists(file, code); });
    return fs::exists(path_, code) || !siblings ? Status() : require_all();
  }

  Status require_all() const {
    std::error_code code;
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (!fs::exists(files_[i], code)) {
        return with_hint(fail(ErrorKind::not_found, "part {} of {} of a split model is missing: there is no file {}",
                              i + 1, files_.size(), quoted(files_[i])),
                         fmt::format("put all {} parts into one folder", files_.size()));
      }
    }
    return {};
  }

  Status require_name(std::int64_t index) const {
    const auto at = static_cast<std::size_t>(index);
    if (static_cast<std::int64_t>(files_.size()) == count_ && index >= 0 && at < files_.size() &&
        files_[at].filename() == path_.filename()) {
      return {};
    }
    return with_hint(
        fail(ErrorKind::protocol, "{} says of itself that it is part {} of {} of a split model, and its name does not",
             quoted(path_), index + 1, count_),
        fmt::format("name it {}-{:05}-of-{:05}.gguf, beside the other parts", one_line(split_name(path_).base),
                    index + 1, count_));
  }

  // Is this part `i` of the very model that the first part begins?
  Status require_place(const GgufFile& part, std::size_t i) const {
    const auto no = part.get_int("split.no");
    const auto count = part.get_int("split.count");
    if (!no || !count || *no != static_cast<std::int64_t>(i) || *count != count_) {
      const std::string claim = no && count ? fmt::format("part {} of {}", *no + 1, *count) : "no part of a model";
      return foreign(i, fmt::format("it says that it is {}, not part {} of {}", claim, i + 1, count_));
    }
    for (const char* const key : {"general.architecture", "general.name"}) {
      const auto own = part.get_string(key);
      const auto first = model_.whole.get_string(key);
      if (own && own != first) {
        return foreign(
            i, fmt::format("its {} is '{}', not '{}'", key, one_line(*own, 60), one_line(first.value_or(""), 60)));
      }
    }
    const auto tensors = part.get_int("split.tensors.count");
    const auto expected = model_.whole.get_int("split.tensors.count");
    return tensors == expected ? Status()
                               : foreign(i, fmt::format("it is of a model of {} tensors, not {}", tensors.value_or(0),
                                                        expected.value_or(0)));
  }

  Failure foreign(std::size_t i, const std::string& why) const {
    return with_hint(fail(ErrorKind::protocol, "{} does not belong to the split model {}: {}", quoted(files_[i]),
                          quoted(files_.front()), why),
                     "put the parts of one model, as they were split, into one folder");
  }

  Status take(std::vector<GgufTensor> tensors, const fs::path& file) {
    const auto at = static_cast<std::size_t>(std::ranges::find(files_, file) - files_.begin());
    const auto layers =
        model_.whole.get_int(model_.whole.get_string("general.architecture").value_or("") + ".block_count");
    for (GgufTensor& tensor : tensors) {
      if (!names_.insert(tensor.name).second) {
        return foreign(at, fmt::format("tensor '{}' is in another part already", one_line(tensor.name, 100)));
      }
      const auto block = block_of(tensor.name);
      if (block && layers && *block >= *layers) {
        return foreign(at, fmt::format("it holds layer {} of a model of {}", *block + 1, *layers));
      }
      model_.whole.tensors.push_back(std::move(tensor));
    }
    return static_cast<std::int64_t>(names_.size()) <= kMaxTensors
               ? Status()
               : fail(ErrorKind::protocol, "{} and its parts hold more than {} tensors", quoted(path_), kMaxTensors);
  }

  static std::optional<std::int64_t> block_of(std::string_view tensor) {
    if (!tensor.starts_with("blk.")) {
      return std::nullopt;
    }
    const auto block = parse_int(tensor.substr(4, tensor.find('.', 4) - 4));
    return block ? std::optional(*block) : std::nullopt;
  }

  fs::path path_;
  std::vector<fs::path> files_;
  std::int64_t count_ = 1;
  ModelFiles model_;
  std::unordered_set<std::string> names_;
};

}  // namespace

std::vector<fs::path> files_by_name(const fs::path& path) {
  const SplitName name = split_name(path);
  if (name.count == 1) {
    return {path};
  }
  std::vector<fs::path> files;
  for (std::size_t i = 1; i <= name.count; ++i) {
    files.push_back(path.parent_path() / fmt::format("{}-{:05}-of-{:05}.gguf", name.base, i, name.count));
  }
  return files;
}

std::string model_name(const fs::path& path) {
  return split_name(path).base;
}

Result<ModelFiles> read_model(const fs::path& path) {
  return PartsReader(path).read();
}

}  // namespace mia::model
