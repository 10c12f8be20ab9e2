// SPDX-License-Identifier: MIT
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <random>
#include <thread>
#include <utility>

#include "worker/fake_faults.h"
#include "worker/provider.h"
#include "worker/runtime.h"

namespace mia::worker {
namespace {

constexpr std::size_t kChunk = 65536;

bool write_bytes(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// `total` bytes in pieces of one buffer, however large the total is.
void write_repeated(int fd, const std::string& piece, std::int64_t total) {
  while (total > 0) {
    const auto length = std::min(static_cast<std::int64_t>(piece.size()), total);
    if (!write_bytes(fd, std::string_view(piece).substr(0, static_cast<std::size_t>(length)))) {
      return;
    }
    total -= length;
  }
}

void answer(int out, std::int64_t id, const proto::Reply& reply) {
  (void)write_line(out, proto::encode(id, reply));
}

// A death on purpose leaves no core file behind.
void no_core() {
  const rlimit none{};
  ::setrlimit(RLIMIT_CORE, &none);
}

bool exit_now(const Fault& fault, int, std::int64_t) {
  ::_exit(static_cast<int>(fault.code));
}

bool kill_self(const Fault& fault, int, std::int64_t) {
  no_core();
  (void)std::signal(static_cast<int>(fault.signal), SIG_DFL);
  (void)std::raise(static_cast<int>(fault.signal));
  return false;
}

bool kill_hard(const Fault& fault, int out, std::int64_t id) {
  Fault killed = fault;
  killed.signal = SIGKILL;
  return kill_self(killed, out, id);
}

bool abort_with_text(const Fault& fault, int, std::int64_t) {
  no_core();
  const std::string text = fault.text.empty() ? "fake.cc:1: GGML_ASSERT(false) failed" : fault.text;
  (void)write_line(STDERR_FILENO, text);
  std::abort();
}

[[noreturn]] void wait_forever() {
  while (true) {
    ::pause();
  }
}

bool hang(const Fault& fault, int, std::int64_t) {
  if (fault.ignore_term) {
    (void)std::signal(SIGTERM, SIG_IGN);
  }
  (void)write_line(STDERR_FILENO, "mia-worker-fake: hanging");
  wait_forever();
}

bool close_and_hang(const Fault&, int out, std::int64_t) {
  ::close(out);
  wait_forever();
}

bool be_slow(const Fault& fault, int, std::int64_t) {
  std::this_thread::sleep_for(std::chrono::duration<double>(fault.seconds));
  return false;
}

bool write_garbage(const Fault& fault, int out, std::int64_t) {
  std::mt19937 random(1);
  std::string bytes(static_cast<std::size_t>(fault.bytes), '\0');
  std::ranges::generate(bytes, [&] {
    const char byte = static_cast<char>(random() & 0xFFU);
    return byte == '\n' ? ' ' : byte;
  });
  (void)write_line(out, bytes);
  return false;
}

bool write_half_line(const Fault& fault, int out, std::int64_t id) {
  (void)write_bytes(out, fmt::format(R"({{"id":{},"type":"model_lo)", id));
  ::_exit(fault.code == 1 ? 0 : static_cast<int>(fault.code));
}

bool write_huge_line(const Fault& fault, int out, std::int64_t) {
  write_repeated(out, std::string(kChunk, 'x'), fault.bytes);
  (void)write_bytes(out, "\n");
  return false;
}

bool make_noise(const Fault& fault, int, std::int64_t) {
  std::string piece;
  while (piece.size() < kChunk) {
    piece += "llama: noise that a library writes while it works\n";
  }
  write_repeated(STDOUT_FILENO, piece, fault.stdout_bytes);
  write_repeated(STDERR_FILENO, piece, fault.stderr_bytes);
  return false;
}

// A child that outlives this process and, as all descriptors are inherited, keeps the pipes open.
bool leave_grandchild(const Fault& fault, int, std::int64_t) {
  if (::fork() != 0) {
    return false;
  }
  if (fault.setsid) {
    ::setsid();
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(fault.seconds));
  ::_exit(0);
}

bool greet_wrongly(const Fault& fault, int out, std::int64_t id) {
  proto::Greeting greeting;
  greeting.protocol = static_cast<int>(fault.version);
  answer(out, id, greeting);
  return true;
}

// Touches page after page until the kernel or a limit says no.
bool allocate(const Fault& fault, int out, std::int64_t id) {
  constexpr std::size_t kMegabyte = std::size_t{1} << 20U;
  std::vector<std::unique_ptr<char[]>> blocks;
  try {
    while (static_cast<std::int64_t>(blocks.size()) < fault.limit_mb) {
      blocks.push_back(std::make_unique<char[]>(kMegabyte));
      std::memset(blocks.back().get(), 1, kMegabyte);
    }
  } catch (const std::bad_alloc&) {
    blocks.clear();
  }
  proto::Failed failure = out_of_memory("the worker could not allocate memory");
  failure.outcome.phase = fault.phase;
  answer(out, id, failure);
  return true;
}

bool fail_with(const Fault& fault, int out, std::int64_t id) {
  const bool memory = fault.kind == "out_of_memory";
  const std::string reason = !fault.text.empty() ? fault.text
                             : memory            ? "unable to allocate CPU buffer"
                                                 : "the script refuses";
  proto::Failed failure = memory ? out_of_memory(reason) : refused(reason);
  failure.outcome.phase = fault.phase;
  answer(out, id, failure);
  return true;
}

bool answer_wrong_id(const Fault& fault, int out, std::int64_t id) {
  proto::Failed failure = refused("wrong id");
  failure.outcome.phase = fault.phase;
  answer(out, id + 1000, failure);
  return true;
}

bool answer_wrong_type(const Fault& fault, int out, std::int64_t id) {
  answer(out, id, fault.phase == record::Phase::unload ? proto::Reply(proto::Bye{}) : proto::Unloaded{});
  return true;
}

bool answer_unknown_type(const Fault&, int out, std::int64_t id) {
  return write_line(out, fmt::format(R"({{"id":{},"type":"surprise"}})", id)) || true;
}

bool answer_missing_member(const Fault&, int out, std::int64_t id) {
  return write_line(out, fmt::format(R"({{"id":{},"type":"generated"}})", id)) || true;
}

using Act = bool (*)(const Fault&, int, std::int64_t);
constexpr auto kActs = std::to_array<std::pair<std::string_view, Act>>({
    {"exit", exit_now},
    {"signal", kill_self},
    {"kill", kill_hard},
    {"abort", abort_with_text},
    {"hang", hang},
    {"close", close_and_hang},
    {"slow", be_slow},
    {"garbage", write_garbage},
    {"half_line", write_half_line},
    {"huge_line", write_huge_line},
    {"noise", make_noise},
    {"grandchild", leave_grandchild},
    {"wrong_version", greet_wrongly},
    {"allocate", allocate},
    {"refuse", fail_with},
    {"out_of_memory", fail_with},
    {"wrong_id", answer_wrong_id},
    {"wrong_type", answer_wrong_type},
    {"unknown_type", answer_unknown_type},
    {"missing_member", answer_missing_member},
});

const record::Settings* settings_of(const proto::Request& request) {
  struct Visitor {
    const record::Settings* operator()(const proto::Load& load) const { return &load.settings; }
    const record::Settings* operator()(const proto::MakeContext& make) const { return &make.settings; }
    const record::Settings* operator()(const proto::Generate& generate) const { return &generate.settings; }
    const record::Settings* operator()(const proto::WarmUp& warm_up) const { return &warm_up.generate.settings; }
    const record::Settings* operator()(const proto::Probe&) const { return nullptr; }
    const record::Settings* operator()(const proto::Unload&) const { return nullptr; }
    const record::Settings* operator()(const proto::Shutdown&) const { return nullptr; }
  };
  return std::visit(Visitor{}, request);
}

}  // namespace

bool is_fault_kind(std::string_view kind) {
  return std::ranges::count(kActs, kind, &decltype(kActs)::value_type::first) > 0;
}

bool strike(const Fault& fault, int out, std::int64_t id) {
  const auto* const act = std::ranges::find(kActs, std::string_view(fault.kind), &decltype(kActs)::value_type::first);
  return act != kActs.end() && act->second(fault, out, id);
}

bool Faults::at(record::Phase phase, std::int64_t id, const proto::Request* request) {
  if (request != nullptr) {
    if (const record::Settings* const settings = settings_of(*request)) {
      settings_ = *settings;
      has_settings_ = true;
    }
    if (const auto* const load = std::get_if<proto::Load>(request)) {
      model_ = load->model;
    }
  }
  const std::int64_t count = ++counts_.at(static_cast<std::size_t>(phase));
  for (const Fault& fault : script_.behaviour(has_settings_ ? &settings_ : nullptr, model_).faults) {
    if (fault.phase == phase && (fault.nth == 0 || fault.nth == count) && strike(fault, out_, id)) {
      return true;
    }
  }
  return false;
}

}  // namespace mia::worker
