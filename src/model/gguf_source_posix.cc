// SPDX-License-Identifier: MIT
#include "model/gguf_source.h"
#include "model/not_a_model.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace mia::model {
namespace {

class FileSource : public ByteSource {
 public:
  FileSource(int fd, std::int64_t size, std::string name) : fd_(fd), size_(size), name_(std::move(name)) {}
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override { ::close(fd_); }

  [[nodiscard]] std::int64_t size() const override { return size_; }

  [[nodiscard]] Result<std::size_t> read_at(std::int64_t offset, std::span<std::byte> out) override {
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t count =
          ::pread(fd_, out.data() + done, out.size() - done, offset + static_cast<std::int64_t>(done));
      if (count < 0 && errno == EINTR) {
        continue;
      }
      if (count < 0) {
        return fail(ErrorKind::io, "cannot read '{}': {}", name_, std::strerror(errno));
      }
      if (count == 0) {
        break;
      }
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

 private:
  int fd_;
  std::int64_t size_;
  std::string name_;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_source(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a FIFO by mistake must not wait for a writer.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    const ErrorKind kind = errno == ENOENT || errno == ENOTDIR ? ErrorKind::not_found : ErrorKind::io;
    return fail(kind, "cannot open '{}': {}", path.string(), std::strerror(errno));
  }
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd);
    return name_non_file(path);
  }
  return std::unique_ptr<ByteSource>(std::make_unique<FileSource>(fd, info.st_size, path.string()));
}

}  // namespace mia::model
