// SPDX-License-Identifier: MIT
#include "model/not_a_model.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <system_error>

#include "base/text.h"

namespace mia::model {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kGetAgain = "get the file itself, for example with 'curl -L' or 'huggingface-cli download'";
constexpr std::string_view kConvert =
    "llama.cpp reads GGUF: get a GGUF file of this model, or convert it with llama.cpp's convert_hf_to_gguf.py";
constexpr std::string_view kOldGgml =
    "llama.cpp reads GGUF since August 2023: get a GGUF file of this model, or convert it with llama.cpp's "
    "convert_llama_ggml_to_gguf.py";
constexpr std::string_view kUnpackIt = "unpack it and name the .gguf file in it";
constexpr std::string_view kState = "name the model file that it was saved from";

Failure is_a(std::string_view path, std::string_view what, std::string_view todo) {
  return with_hint(fail(ErrorKind::unsupported, "'{}' is {}, not a language model", one_line(path), what),
                   std::string(todo));
}

struct Mark {
  std::size_t at;
  std::string_view bytes;
  std::string_view what;
  std::string_view todo;
};

using namespace std::string_view_literals;

// The old magics are numbers: as they lie in memory, and as they are written in the other byte order.
constexpr std::array kMarks{
    Mark{0, "version https://git-lfs.github.com/spec/", "a Git LFS pointer", "run 'git lfs pull' in its folder"},
    Mark{0, "/annex/objects/", "a git-annex pointer", "run 'git annex get' in its folder"},
    Mark{0, "lmgg", "a GGML file of the first format (before GGUF)", kOldGgml},
    Mark{0, "ggml", "a GGML file of the first format (before GGUF)", kOldGgml},
    Mark{0, "fmgg", "a GGMF file (before GGUF)", kOldGgml},
    Mark{0, "ggmf", "a GGMF file (before GGUF)", kOldGgml},
    Mark{0, "tjgg", "a GGJT file (before GGUF)", kOldGgml},
    Mark{0, "ggjt", "a GGJT file (before GGUF)", kOldGgml},
    Mark{0, "algg", "a LoRA adapter of the format before GGUF", "name the model that it adapts"},
    Mark{0, "ggla", "a LoRA adapter of the format before GGUF", "name the model that it adapts"},
    Mark{0, "nsgg", "a saved llama.cpp session", kState},
    Mark{0, "qsgg", "a saved llama.cpp sequence", kState},
    Mark{0, "FUGG", "a GGUF file in the other byte order",
         "get the little endian file, or turn it with gguf-py's "
         "gguf_convert_endian.py"},
    Mark{0, "PK\x03\x04", "a ZIP archive (a PyTorch checkpoint, for example)", kConvert},
    Mark{0, "PK\x05\x06", "an empty ZIP archive", kGetAgain},
    Mark{0, "\x80\x02", "a Python pickle (an old PyTorch checkpoint)", kConvert},
    Mark{0, "\x89HDF", "an HDF5 file (Keras, for example)", kConvert},
    Mark{0, "\x93NUMPY", "a NumPy array", kConvert},
    Mark{4, "TFL3", "a TensorFlow Lite model", kConvert},
    Mark{0, "\x1f\x8b", "a gzip archive", kUnpackIt},
    Mark{0, "\x28\xb5\x2f\xfd", "a zstd archive", kUnpackIt},
    Mark{0, "\xfd\x37zXZ", "an xz archive", kUnpackIt},
    Mark{0, "BZh", "a bzip2 archive", kUnpackIt},
    Mark{0, "7z\xbc\xaf", "a 7-Zip archive", kUnpackIt},
    Mark{257, "ustar", "a tar archive", kUnpackIt},
    Mark{0,
         "\x7f"
         "ELF",
         "a program or library", "name a GGUF file"},
    Mark{0, "MZ", "a program (a llamafile, perhaps)", "unpack the GGUF file in it with 'unzip', or get the GGUF file"},
    Mark{0, "SQLite format 3", "an SQLite database", "name a GGUF file"},
};

bool is_safetensors(std::string_view head, std::int64_t file_bytes) {
  std::uint64_t header = 0;
  if (head.size() < sizeof(header) + 1) {
    return false;
  }
  std::memcpy(&header, head.data(), sizeof(header));
  return head[sizeof(header)] == '{' && header >= 2 &&
         header <= static_cast<std::uint64_t>(file_bytes) - sizeof(header);
}

bool is_onnx(std::string_view head) {
  const std::string_view begin = head.substr(0, 64);
  return begin.starts_with('\x08') && (contains(begin, "onnx") || contains(begin, "pytorch"));
}

// imatrix.dat: a number of entries, the length of the first name, the name of a tensor.
bool is_old_imatrix(std::string_view head) {
  return head.size() > 16 && (head.substr(8).starts_with("blk.") || head.substr(8).starts_with("output."));
}

bool is_text(std::string_view head) {
  return std::ranges::none_of(head, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\x1b';
  });
}

// What a server or a tool wrote where the model should be.
std::optional<Failure> name_text(std::string_view head, std::string_view path) {
  constexpr std::string_view kBom = "\xef\xbb\xbf";
  if (head.starts_with(kBom)) {
    head.remove_prefix(kBom.size());
  }
  const std::string_view text = trim(head);
  if (text.empty() || !is_text(text)) {
    return std::nullopt;
  }
  if (text.starts_with('<')) {
    const bool page = contains(lower(text), "<html") || contains(lower(text), "<!doctype html");
    return is_a(
        path, page ? "a web page" : "an XML text",
        fmt::format("the server sent it instead of the model (a sign-in page or an error, perhaps): {}", kGetAgain));
  }
  if (text.starts_with('{') || text.starts_with('[')) {
    return is_a(path, "a JSON text", kGetAgain);
  }
  return is_a(path, fmt::format("a text that begins '{}'", one_line(text.substr(0, text.find('\n')), 60)), kGetAgain);
}

std::string lfs_size(std::string_view head) {
  const std::size_t at = head.find("\nsize ");
  const auto bytes = at == std::string_view::npos
                         ? Result<std::int64_t>(0)
                         : parse_int(trim(head.substr(at + 6, head.find('\n', at + 1) - at - 6)));
  return bytes && *bytes > 0 ? fmt::format(" to {}", human_bytes(*bytes)) : "";
}

// --- GGUF files of other kinds --------------------------------------------------------------------------------------

struct Kind {
  std::string_view type;  // general.type
  std::string_view what;
  std::string_view todo;
};

constexpr std::array kKinds{
    Kind{"adapter", "an adapter (LoRA)", "name the model that it adapts; adapters are not measured"},
    Kind{"mmproj", "a projector (mmproj: it turns images or sound into a model's input)",
         "name the language model beside it"},
    Kind{"imatrix", "an importance matrix (imatrix: it guides quantization)", "name the model that it was made of"},
    Kind{"vocab", "a vocabulary without weights", "get the whole model"},
    Kind{"controlvector", "a control vector", "name the model that it steers"},
};

bool has_tensor_ending(const GgufFile& file, std::string_view end) {
  return std::ranges::any_of(file.tensors, [&](const GgufTensor& tensor) { return tensor.name.ends_with(end); });
}

// What general.type says, or what older files that lack it hold.
std::string kind_of(const GgufFile& file) {
  const std::string type = file.get_string("general.type").value_or("");
  const std::string architecture = file.get_string("general.architecture").value_or("");
  if (type != "model" && !type.empty()) {
    return type;
  }
  if (file.find("adapter.type") != nullptr || has_tensor_ending(file, ".lora_a")) {
    return "adapter";
  }
  if (architecture == "clip") {
    return "mmproj";
  }
  if (architecture == "controlvector") {
    return architecture;
  }
  if (file.find("imatrix.chunk_count") != nullptr || has_tensor_ending(file, ".in_sum2")) {
    return "imatrix";
  }
  return file.tensors.empty() && file.find("tokenizer.ggml.tokens") != nullptr ? "vocab" : "model";
}

// ComfyUI and stable-diffusion.cpp keep models that make images and films in GGUF as well.
bool makes_images(std::string_view architecture) {
  constexpr std::array kNames{"sd1"sv,   "sd2"sv, "sd3"sv,     "sdxl"sv,   "flux"sv,       "aura"sv,    "ltxv"sv,
                              "hyvid"sv, "wan"sv, "hidream"sv, "cosmos"sv, "qwen_image"sv, "lumina2"sv, "z_image"sv};
  return std::ranges::count(kNames, architecture) > 0;
}

}  // namespace

std::optional<Failure> name_foreign_file(std::string_view head, std::int64_t file_bytes, std::string_view path) {
  if (file_bytes == 0) {
    return is_a(path, "an empty file", kGetAgain);
  }
  for (const Mark& mark : kMarks) {
    if (head.size() >= mark.at && head.substr(mark.at).starts_with(mark.bytes)) {
      const bool lfs = mark.what == "a Git LFS pointer";
      return is_a(path, std::string(mark.what) + (lfs ? lfs_size(head) : ""), mark.todo);
    }
  }
  if (is_safetensors(head, file_bytes)) {
    return is_a(path, "a safetensors file", kConvert);
  }
  if (is_onnx(head)) {
    return is_a(path, "an ONNX model", kConvert);
  }
  if (is_old_imatrix(head)) {
    return is_a(path, kKinds[2].what, kKinds[2].todo);
  }
  if (head.find_first_not_of('\0') == std::string_view::npos) {
    return is_a(path, "a file that begins with zeros (a download that was not finished)", kGetAgain);
  }
  return name_text(head, path);
}

std::optional<Failure> name_other_gguf(const GgufFile& file, const fs::path& path) {
  const std::string name = path.string();
  const std::string kind = kind_of(file);
  for (const Kind& known : kKinds) {
    if (kind == known.type) {
      return is_a(name, known.what, known.todo);
    }
  }
  if (kind != "model") {
    return is_a(name, fmt::format("a GGUF file of the type '{}'", one_line(kind, 60)), "name a language model");
  }
  const auto architecture = file.get_string("general.architecture");
  if (!architecture || architecture->empty()) {
    return with_hint(fail(ErrorKind::unsupported,
                          "'{}' does not say what it is (no general.architecture): it is not a model", one_line(name)),
                     "name a language model");
  }
  if (makes_images(*architecture)) {
    return is_a(name, fmt::format("a model that makes images ({})", one_line(*architecture, 60)),
                "name a language model: llama.cpp computes no images");
  }
  if (file.tensors.empty()) {
    return is_a(name, "a GGUF file without tensors", "get the whole model");
  }
  return std::nullopt;
}

Failure name_non_file(const fs::path& path) {
  std::error_code code;
  const fs::file_status status = fs::status(path, code);
  if (!fs::is_directory(status)) {
    const std::string_view what = fs::is_fifo(status)             ? "a FIFO"
                                  : fs::is_socket(status)         ? "a socket"
                                  : fs::is_character_file(status) ? "a device"
                                                                  : "no regular file";
    return is_a(path.string(), what, "name a GGUF file: it is read more than once and from everywhere");
  }
  std::vector<std::string> models;
  bool checkpoint = false;
  for (fs::directory_iterator at(path, code), end; !code && at != end; at.increment(code)) {
    const std::string name = at->path().filename().string();
    checkpoint = checkpoint || name.ends_with(".safetensors") || name.starts_with("pytorch_model");
    if (name.ends_with(".gguf") && models.size() < 8) {
      models.push_back(name);
    }
  }
  std::ranges::sort(models);
  return is_a(path.string(), "a folder",
              !models.empty() ? fmt::format("name a file in it: {}", one_line(join(models, ", ")))
              : checkpoint    ? std::string(kConvert)
                              : std::string("name a GGUF file"));
}

}  // namespace mia::model
