// SPDX-License-Identifier: MIT
#include <uv.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "proc/interrupt.h"
#include "proc/interrupt_internal.h"
#include "proc/loop.h"

namespace mia::proc {
namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10U;

template <class Handle>
uv_handle_t* as_handle(Handle* handle) {
  return reinterpret_cast<uv_handle_t*>(handle);
}

}  // namespace

struct Loop::Impl {
  struct Stream {
    Impl* owner = nullptr;
    uv_pipe_t pipe{};
    OnData on_data;
    bool is_reading = false;
    bool has_ended = false;
    uv_write_t request{};
    std::string bytes;  // of the write in flight
    bool is_writing = false;
    int error = 0;
  };

  uv_loop_t loop{};
  uv_timer_t timer{};
  uv_signal_t child_signal{};
  uv_poll_t interrupt{};
  bool has_loop = false;
  bool has_timer = false;
  bool has_signal = false;
  bool has_interrupt = false;
  bool is_over = false;  // the timer fired
  std::function<void()> on_child_signal;
  std::vector<std::unique_ptr<Stream>> streams;
  std::array<char, kPiece> piece{};
  std::uint64_t received = 0;  // bytes, from all streams

  ~Impl();
  int start();
  Result<Id> add(Fd fd, OnData on_data);
  static void on_read(uv_stream_t* handle, ssize_t count, const uv_buf_t* buffer);
};

int Loop::Impl::start() {
  if (const int error = uv_loop_init(&loop); error != 0) {
    return error;
  }
  has_loop = true;
  if (const int error = uv_timer_init(&loop, &timer); error != 0) {
    return error;
  }
  has_timer = true;
  timer.data = this;
  if (const int error = uv_signal_init(&loop, &child_signal); error != 0) {
    return error;
  }
  has_signal = true;
  child_signal.data = this;
  const int error = uv_signal_start(
      &child_signal, [](uv_signal_t* handle, int) { static_cast<Impl*>(handle->data)->on_child_signal(); }, SIGCHLD);
  uv_unref(as_handle(&child_signal));
  return error;
}

Loop::Impl::~Impl() {
  if (has_timer) {
    uv_close(as_handle(&timer), nullptr);
  }
  if (has_signal) {
    uv_close(as_handle(&child_signal), nullptr);
  }
  if (has_interrupt) {
    uv_close(as_handle(&interrupt), nullptr);
  }
  for (const auto& stream : streams) {
    uv_close(as_handle(&stream->pipe), nullptr);
  }
  if (has_loop) {
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
  }
}

void Loop::Impl::on_read(uv_stream_t* handle, ssize_t count, const uv_buf_t* buffer) {
  auto& stream = *static_cast<Stream*>(handle->data);
  if (count < 0) {
    stream.has_ended = true;
    stream.is_reading = false;
    uv_read_stop(handle);
  } else if (count > 0) {
    stream.owner->received += static_cast<std::uint64_t>(count);
    stream.on_data({buffer->base, static_cast<std::size_t>(count)});
  }
}

Result<Loop::Id> Loop::Impl::add(Fd fd, OnData on_data) {
  auto stream = std::make_unique<Stream>();
  stream->owner = this;
  stream->on_data = std::move(on_data);
  if (const int error = uv_pipe_init(&loop, &stream->pipe, 0); error != 0) {
    return fail(ErrorKind::internal, "cannot watch a pipe: {}", uv_strerror(error));
  }
  stream->pipe.data = stream.get();
  streams.push_back(std::move(stream));
  if (const int error = uv_pipe_open(&streams.back()->pipe, fd.get()); error != 0) {
    return fail(ErrorKind::internal, "cannot watch a pipe: {}", uv_strerror(error));
  }
  static_cast<void>(fd.release());
  return streams.size() - 1;
}

Loop::Loop(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Loop::~Loop() = default;

Result<std::unique_ptr<Loop>> Loop::make(std::function<void()> on_child_signal) {
  auto impl = std::make_unique<Impl>();
  impl->on_child_signal = std::move(on_child_signal);
  if (const int error = impl->start(); error != 0) {
    return fail(ErrorKind::internal, "cannot start an event loop: {}", uv_strerror(error));
  }
  return std::unique_ptr<Loop>(new Loop(std::move(impl)));
}

Result<Loop::Id> Loop::add_reader(Fd fd, OnData on_data) {
  MIA_TRY_ASSIGN(const Id id, impl_->add(std::move(fd), std::move(on_data)));
  set_reading(id, true);
  return id;
}

bool Loop::has_ended(Id id) const {
  return impl_->streams[id]->has_ended;
}

void Loop::set_reading(Id id, bool on) {
  Impl::Stream& stream = *impl_->streams[id];
  if (on == stream.is_reading || stream.has_ended) {
    return;
  }
  stream.is_reading = on;
  auto* const handle = reinterpret_cast<uv_stream_t*>(&stream.pipe);
  if (!on) {
    uv_read_stop(handle);
    return;
  }
  uv_read_start(
      handle,
      [](uv_handle_t* reader, std::size_t, uv_buf_t* buffer) {
        auto& piece = static_cast<Impl::Stream*>(reader->data)->owner->piece;
        *buffer = uv_buf_init(piece.data(), static_cast<unsigned>(piece.size()));
      },
      Impl::on_read);
}

Result<Loop::Id> Loop::add_writer(Fd fd) {
  return impl_->add(std::move(fd), {});
}

void Loop::write(Id id, std::string bytes) {
  Impl::Stream& stream = *impl_->streams[id];
  stream.bytes = std::move(bytes);
  stream.request.data = &stream;
  const uv_buf_t buffer = uv_buf_init(stream.bytes.data(), static_cast<unsigned>(stream.bytes.size()));
  stream.is_writing = true;
  stream.error = -uv_write(&stream.request, reinterpret_cast<uv_stream_t*>(&stream.pipe), &buffer, 1,
                           [](uv_write_t* request, int status) {
                             auto& written = *static_cast<Impl::Stream*>(request->data);
                             written.is_writing = false;
                             written.error = -status;
                             written.bytes.clear();
                           });
  if (stream.error != 0) {
    stream.is_writing = false;
  }
}

bool Loop::is_writing(Id id) const {
  return impl_->streams[id]->is_writing;
}
int Loop::write_error(Id id) const {
  return impl_->streams[id]->error;
}

Woke Loop::run(const std::function<bool()>& done, double timeout_s, bool heeds_interrupts) {
  static constexpr double kLongest = 1e9;  // seconds; more would not fit the timer
  Impl& impl = *impl_;
  if (heeds_interrupts && !impl.has_interrupt && uv_poll_init(&impl.loop, &impl.interrupt, interrupt_fd()) == 0) {
    impl.has_interrupt = true;
  }
  if (impl.has_interrupt && heeds_interrupts) {
    uv_poll_start(&impl.interrupt, UV_READABLE, [](uv_poll_t*, int, int) {});
  }
  impl.is_over = false;
  uv_update_time(&impl.loop);
  const double milliseconds = std::ceil(std::clamp(timeout_s, 0.0, kLongest) * 1e3);
  uv_timer_start(
      &impl.timer, [](uv_timer_t* timer) { static_cast<Impl*>(timer->data)->is_over = true; },
      static_cast<std::uint64_t>(milliseconds), 0);
  uv_run(&impl.loop, UV_RUN_NOWAIT);
  Woke woke = Woke::done;
  while (true) {
    if (heeds_interrupts && interrupted()) {
      woke = Woke::interrupted;
      break;
    }
    if (done()) {
      break;
    }
    if (impl.is_over) {
      woke = Woke::timed_out;
      break;
    }
    uv_run(&impl.loop, UV_RUN_ONCE);
  }
  uv_timer_stop(&impl.timer);
  if (impl.has_interrupt) {
    uv_poll_stop(&impl.interrupt);
  }
  return woke;
}

void Loop::drain(const std::function<bool()>& done) {
  static constexpr int kRounds = 64;
  for (int round = 0; round < kRounds && !done(); ++round) {
    const std::uint64_t before = impl_->received;
    uv_run(&impl_->loop, UV_RUN_NOWAIT);
    if (impl_->received == before) {
      return;
    }
  }
}

}  // namespace mia::proc
