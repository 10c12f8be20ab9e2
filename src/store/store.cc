// SPDX-License-Identifier: MIT
#include "store/store.h"

#include <chrono>
#include <system_error>
#include <thread>

#include <soci/sqlite3/soci-sqlite3.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/text.h"
#include "record/metrics.h"
#include "store/impl.h"
#include "store/schema.h"

namespace mia::store {
namespace {
namespace fs = std::filesystem;

// In WAL mode NORMAL may lose the last commits with the power.
constexpr std::int64_t kBurstNs = 100'000'000;
constexpr std::string_view kSynced = "pragma synchronous = full";

// Absolute, so that ":memory:" and "file:..." are plain names; in quotes where SOCI would read `=` as an option.
Result<std::string> connect_string(const fs::path& path, std::string_view options = "") {
  const std::string text = path.string();
  if (text.find('\0') != std::string::npos) {
    return fail(ErrorKind::store, "the name of the store contains a NUL character");
  }
  if (text.find('=') == std::string::npos && options.empty()) {
    return text;
  }
  if (text.find('"') != std::string::npos) {
    return fail(ErrorKind::store, "the name of the store '{}' contains a quote, with which it cannot be opened here",
                text);
  }
  return fmt::format("dbname=\"{}\"{}", text, options);
}

Result<fs::path> prepare_place(const fs::path& wanted) {
  if (wanted.empty()) {
    return fail(ErrorKind::store, "the name of the store is empty");
  }
  std::error_code code;
  const fs::path path = fs::absolute(wanted, code);
  if (code) {
    return fail(ErrorKind::store, "cannot find the store '{}': {}", wanted.string(), code.message());
  }
  fs::create_directories(path.parent_path(), code);
  if (code) {
    return with_hint(
        fail(ErrorKind::store, "cannot create folder '{}': {}", path.parent_path().string(), code.message()),
        "name another file with --store");
  }
  return path;
}

constexpr auto kPause = std::chrono::milliseconds(20);

// SQLite does not wait for this lock by itself: two processes that make the same store at once meet here.
std::string journal_mode_wal(soci::session& sql, Patience& patience) {
  patience.begin();
  while (true) {
    try {
      std::string mode;
      read_row(sql, "pragma journal_mode = wal", std::tie(mode));
      return mode;
    } catch (const soci::soci_error& error) {
      if (!is_busy(error) || !patience.lasts()) {
        throw;
      }
      std::this_thread::sleep_for(kPause);
    }
  }
}

// SQLite's own time limit cannot be shortened while it runs.
int wait_for_writer(void* patience, int times) {
  auto& mine = *static_cast<Patience*>(patience);
  if (times == 0) {
    mine.begin();
  }
  if (!mine.lasts()) {
    return 0;
  }
  std::this_thread::sleep_for(kPause);
  return 1;
}

void use(Patience& patience, soci::session& sql) {
  // It is SQLite's: Impl::open asked for no other. SOCI exports no type information to ask.
  auto* const backend = static_cast<soci::sqlite3_session_backend*>(sql.get_backend());
  sqlite_api::sqlite3_busy_handler(backend->conn_, wait_for_writer, &patience);
}

Status configure(soci::session& sql, const fs::path& path, Patience& patience) {
  sql << "pragma foreign_keys = on";
  execute(sql, kSynced);
  if (journal_mode_wal(sql, patience) != "wal") {
    return with_hint(fail(ErrorKind::store, "the file system of '{}' cannot share a write-ahead log", path.string()),
                     "name a file on a local disk with --store");
  }
  return {};
}

}  // namespace

fs::path default_path() {
  return data_dir() / "store.sqlite";
}

std::size_t schema_version() {
  return migrations().size();
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Result<Store> Store::open(const fs::path& wanted, std::function<bool()> hurry) {
  MIA_TRY_ASSIGN(const fs::path path, prepare_place(wanted));
  MIA_TRY_ASSIGN(const std::string connect, connect_string(path));
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->patience.hurry = std::move(hurry);
  const Status status = guarded("open the store", path, [&] { return impl->open(connect); });
  MIA_TRY(status);
  return Store(std::move(impl));
}

Result<Store> Store::open_to_read(const fs::path& wanted) {
  std::error_code code;
  const fs::path path = fs::absolute(wanted, code);
  if (!fs::exists(path, code)) {
    return with_hint(fail(ErrorKind::not_found, "there is no store '{}' yet", path.string()),
                     "mia-perf run baseline makes the first session");
  }
  if (!fs::is_regular_file(path, code)) {  // opening a FIFO would wait for who writes into it
    return with_hint(fail(ErrorKind::store, "'{}' is no file, so no store", path.string()), "name a file with --store");
  }
  MIA_TRY_ASSIGN(const std::string connect, connect_string(path, " readonly=1"));
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  MIA_TRY(guarded("open the store", path, [&] { return impl->open_to_read(connect); }));
  return Store(std::move(impl));
}

TrialSync::TrialSync(soci::session& sql, std::int64_t& synced_ns)
    : sql_(sql), synced_ns_(synced_ns), is_burst_(steady_ns() - synced_ns < kBurstNs) {
  if (is_burst_) {
    execute(sql_, "pragma synchronous = normal");
  } else {
    synced_ns_ = steady_ns();
  }
}

TrialSync::~TrialSync() {
  if (is_burst_) {
    try {
      execute(sql_, kSynced);
    } catch (const soci::soci_error&) {
      synced_ns_ = 0;  // the next trial tries again
    }
  }
}

Status Store::Impl::open(const std::string& connect) {
  sql.open(soci::sqlite3, connect);
  use(patience, sql);
  // Before anything is written: the file may be another program's.
  MIA_TRY(check_identity(sql, path, migrations().size()));
  MIA_TRY(configure(sql, path, patience));
  migrate(sql, migrations());
  learn_metrics();
  return {};
}

Status Store::Impl::open_to_read(const std::string& connect) {
  sql.open(soci::sqlite3, connect);
  use(patience, sql);
  MIA_TRY(check_identity(sql, path, migrations().size()));
  long long version = 0;
  read_row(sql, "pragma user_version", std::tie(version));
  if (version < static_cast<long long>(migrations().size())) {
    return with_hint(fail(ErrorKind::store, "'{}' has schema version {}, an older one", path.string(), version),
                     "mia-perf history brings it up to date");
  }
  return {};
}

void Store::Impl::learn_metrics() {
  std::map<std::string, long long> known;
  const auto read = [&] {
    std::string name;
    long long num = 0;
    for_each_row(sql, "select num, name from metric", std::tie(num, name), [&] { known[name] = num; });
  };
  read();
  std::optional<Transaction> transaction;
  for (const record::Metric& metric : record::metrics()) {
    if (known.contains(std::string(metric.name))) {
      continue;
    }
    if (!transaction) {
      transaction.emplace(sql);
    }
    execute(sql, "insert or ignore into metric (name, unit, doc) values (:name, :unit, :doc)", metric.name, metric.unit,
            metric.doc);
  }
  if (transaction) {
    transaction->commit();
    read();
  }
  for (const record::Metric& metric : record::metrics()) {
    metrics.push_back(known.at(std::string(metric.name)));
  }
}

Result<std::string> Store::check() {
  return guarded("check the store", impl_->path, [&]() -> Result<std::string> {
    std::string answer;
    read_row(impl_->sql, "pragma integrity_check(1)", std::tie(answer));
    std::optional<std::string> orphan;
    if (answer == "ok" && read_row(impl_->sql, "select \"table\" from pragma_foreign_key_check", std::tie(orphan))) {
      answer = "rows of '" + orphan.value_or("") + "' belong to nothing";
    }
    return answer == "ok" ? std::string() : answer;
  });
}

Result<std::string> storable(const Json& json, std::string_view what) {
  std::string text = dump_json(json);
  if (text.size() > kJsonLimits.bytes) {
    return fail(ErrorKind::usage, "{} of {} bytes is over the store's limit of {}", what, text.size(),
                kJsonLimits.bytes);
  }
  return text;
}

long long last_row(soci::session& sql) {
  long long num = 0;
  sql.get_last_insert_id("", num);
  return num;
}

Failure not_stored(std::string_view what, std::string_view id) {
  return with_hint(fail(ErrorKind::not_found, "the store has no {} '{}'", what, one_line(id, 100)),
                   "`mia-perf history` lists them");
}

}  // namespace mia::store
