// SPDX-License-Identifier: MIT
// Files that are not what they should be, and places that do not take them: always a sentence, never a crash.
#include <sys/stat.h>

#include <fstream>
#include <random>

#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "base/files.h"
#include "store/guard.h"
#include "store/schema.h"
#include "support.h"

namespace mia::store {
namespace {
using namespace testing;  // NOLINT: test helpers
namespace fs = std::filesystem;

void write_text(const fs::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

void raw(const fs::path& path, const std::string& statement) {
  soci::session sql(soci::sqlite3, path.string());
  sql << statement;
}

void expect_refused(const fs::path& path, std::string_view part) {
  const auto store = Store::open(path);
  ASSERT_FALSE(store) << path;
  EXPECT_EQ(store.error().kind, ErrorKind::store);
  EXPECT_NE(store.error().text().find(part), std::string::npos) << store.error().text();
}

// Makes a store of 40 trials and gives its bytes.
std::string sound_file(const fs::path& path) {
  {
    Store store = must_open(path);
    EXPECT_TRUE(store.begin_session(sample_session("s1")));
    for (int i = 0; i < 40; ++i) {
      EXPECT_TRUE(store.add_trial("s1", sample_trial("s1", i, 64)));
    }
  }
  return read_file(path).value_or("");
}

// Uses everything; true when something was refused. What is refused must say so as an error of the store.
bool use_all(const fs::path& path) {
  auto store = Store::open(path);
  if (!store) {
    EXPECT_EQ(store.error().kind, ErrorKind::store) << store.error().text();
    return true;
  }
  bool refused = false;
  const auto look = [&](const auto& result) {
    if (!result.has_value()) {
      refused = true;
      EXPECT_TRUE(result.error().kind == ErrorKind::store || result.error().kind == ErrorKind::not_found)
          << result.error().text();
    }
  };
  look(store->sessions());
  look(store->session("last"));
  look(store->trials("s1"));
  look(store->trial_conditions("s1"));
  look(store->series("load_ms"));
  look(store->add_trial("s1", sample_trial("s1", 1000)));
  const auto check = store->check();
  look(check);
  return refused || !check.value_or("x").empty();
}

TEST(Damage, ANewerSchemaIsRefusedAndLeftAlone) {
  const TempDir dir;
  (void)must_open(dir.file());
  raw(dir.file(), "pragma user_version = 99");
  expect_refused(dir.file(), "schema version 99");
  raw(dir.file(), fmt::format("pragma user_version = {}", migrations().size()));
  EXPECT_TRUE(Store::open(dir.file()));
}

TEST(Damage, AnotherProgramsDatabaseIsRefusedAndLeftAlone) {
  const TempDir dir;
  raw(dir.file("other"), "create table session (x)");
  const std::string before = *read_file(dir.file("other"));
  expect_refused(dir.file("other"), "another program");
  EXPECT_EQ(*read_file(dir.file("other")), before);
  raw(dir.file("numbered"), "create table session (x)");
  raw(dir.file("numbered"), "pragma user_version = 1");
  expect_refused(dir.file("numbered"), "another program");
}

TEST(Damage, WhatIsNoDatabaseIsRefusedAndLeftAlone) {
  const TempDir dir;
  const std::string text = "a letter to a friend, longer than a header of SQLite would be, and then some more of it\n" +
                           std::string(2000, '.');
  write_text(dir.file("letter"), text);
  expect_refused(dir.file("letter"), "not an SQLite database");
  EXPECT_EQ(*read_file(dir.file("letter")), text);
  fs::create_directory(dir.file("folder"));
  expect_refused(dir.file("folder"), "cannot be opened");
  expect_refused("", "empty");
  expect_refused(dir.file("letter") / "below", "cannot create folder");
  write_text(dir.file("fresh"), "");
  EXPECT_TRUE(Store::open(dir.file("fresh"))) << "an empty file is a new store";
}

TEST(Damage, RandomBytesAreFound) {
  const TempDir dir;
  const std::string sound = sound_file(dir.file("sound"));
  ASSERT_FALSE(use_all(dir.file("sound")));
  std::mt19937 random(7);
  int refused = 0;
  constexpr int kFiles = 60;
  for (int i = 0; i < kFiles; ++i) {
    std::string bytes = sound;
    const std::size_t at = random() % (bytes.size() - 512);
    for (std::size_t k = 0; k < 512; ++k) {
      bytes[at + k] = static_cast<char>(random());
    }
    const fs::path path = dir.file(fmt::format("damaged{}", i));
    write_text(path, bytes);
    refused += use_all(path) ? 1 : 0;
  }
  // Some land in free space or turn digits of a text into others; hardly any go unseen.
  EXPECT_GT(refused, kFiles / 2);
}

TEST(Damage, ATruncatedFileIsFound) {
  const TempDir dir;
  const std::string sound = sound_file(dir.file("sound"));
  constexpr std::size_t kStep = 6 * 512;
  for (std::size_t size = kStep; size + kStep < sound.size(); size += kStep) {
    const fs::path path = dir.file(fmt::format("cut{}", size));
    write_text(path, std::string_view(sound).substr(0, size));
    EXPECT_TRUE(use_all(path)) << size << " of " << sound.size();
  }
}

TEST(Damage, TextThatIsNoLongerJsonNamesTheTrial) {
  const TempDir dir;
  {
    Store store = must_open(dir.file());
    ASSERT_TRUE(store.begin_session(sample_session("s1")));
    ASSERT_TRUE(store.add_trial("s1", sample_trial("s1", 0)));
  }
  const auto error_after = [&](const std::string& statement) {
    raw(dir.file(), statement);
    const auto trials = must_open(dir.file()).trials("s1");
    EXPECT_FALSE(trials) << statement;
    return trials ? Error{} : trials.error();
  };
  Error error = error_after("update run set token_ns = '[1,2]' where n = 1");
  EXPECT_EQ(error.kind, ErrorKind::store);
  EXPECT_NE(error.message.find("trial 's1/0'"), std::string::npos) << error.message;
  error = error_after("update trial_json set json = '[]'");
  EXPECT_EQ(error.kind, ErrorKind::store);
  error = error_after("update trial_json set json = '{\"runs\":7}'");
  EXPECT_EQ(error.kind, ErrorKind::store);
  raw(dir.file(), "update session set models_json = '{'");
  const auto session = must_open(dir.file()).session("s1");
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().kind, ErrorKind::store);
}

TEST(Damage, AReadOnlyFolderIsNamed) {
  const TempDir dir;
  (void)sound_file(dir.file());
  ASSERT_EQ(::chmod(dir.path().c_str(), 0555), 0);
  ASSERT_EQ(::chmod(dir.file().c_str(), 0444), 0);
  const int status = in_child([&] {
    become_nobody();
    const auto old_one = Store::open(dir.file());
    const auto new_one = Store::open(dir.file("new.sqlite"));
    const auto below = Store::open(dir.file("sub/new.sqlite"));
    for (const auto* const store : {&old_one, &new_one, &below}) {
      if (store->has_value() || store->error().kind != ErrorKind::store ||
          store->error().message.find(dir.path().string()) == std::string::npos) {
        return 1;
      }
    }
    return 0;
  });
  EXPECT_EQ(status, 0);
  ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
}

TEST(Damage, AReadOnlyFileCanBeReadAndSaysThatItIs) {
  const TempDir dir;
  (void)sound_file(dir.file());
  ASSERT_EQ(::chmod(dir.path().c_str(), 0777), 0);
  ASSERT_EQ(::chmod(dir.file().c_str(), 0444), 0);
  const int status = in_child([&] {
    become_nobody();
    auto store = Store::open(dir.file());
    if (!store || store->trials("s1").value_or({}).size() != 40) {
      return 1;
    }
    const Status begun = store->begin_session(sample_session("s2"));
    return !begun && begun.error().kind == ErrorKind::store &&
                   begun.error().message.find("read-only") != std::string::npos
               ? 0
               : 2;
  });
  EXPECT_EQ(status, 0);
}

TEST(Damage, StrangeNamesOfFilesAreNames) {
  const TempDir dir;
  for (const char* const name :
       {"with space.db", "a=b c=d.db", "quote'\".db", ":memory:", "file:x?mode=ro", "Größe.db"}) {
    const fs::path path = dir.file(name);
    ASSERT_TRUE(must_open(path).begin_session(sample_session("s1"))) << name;
    EXPECT_TRUE(fs::is_regular_file(path)) << name;
    EXPECT_EQ(must_open(path).sessions()->size(), 1U) << name;
  }
  expect_refused(dir.file("a=\"b.db"), "quote");
  EXPECT_TRUE(Store::open(dir.file("new/folders/store.sqlite")));
}

TEST(Schema, StepsAreTakenOnceAndWholly) {
  static constexpr std::string_view kFirst[] = {"create table t (a)", "insert into t values (1)"};
  static constexpr std::string_view kSecond[] = {"alter table t add column b", "update t set b = a + 1"};
  static constexpr std::string_view kBroken[] = {"delete from t", "this is not SQL"};
  const TempDir dir;
  soci::session sql(soci::sqlite3, dir.file().string());
  const auto number = [&](const std::string& query) {
    long long value = -1;
    sql << query, soci::into(value);
    return value;
  };
  migrate(sql, std::vector<Migration>{kFirst});
  EXPECT_EQ(number("pragma user_version"), 1);
  migrate(sql, std::vector<Migration>{kFirst, kSecond});
  migrate(sql, std::vector<Migration>{kFirst, kSecond});
  EXPECT_EQ(number("pragma user_version"), 2);
  EXPECT_EQ(number("select b from t"), 2);
  EXPECT_THROW(migrate(sql, std::vector<Migration>{kFirst, kSecond, kBroken}), soci::soci_error);
  EXPECT_EQ(number("pragma user_version"), 2);
  EXPECT_EQ(number("select count(*) from t"), 1) << "a step that fails has changed nothing";
}

// A store as the first version made it, with something in each table that has changed since.
TEST(Schema, AStoreOfVersionOneKeepsWhatItHas) {
  const TempDir dir;
  {
    soci::session sql(soci::sqlite3, dir.file().string());
    migrate(sql, migrations().first(1));
    sql << "insert into import_file (id, source, tool, format, imported) values ('f1', 'a.json', 'llama-bench', "
           "'json', 'x')";
    sql << "insert into import_row (file, n, test, metric, unit, model, machine, runtime, measured, samples, mean,"
           " settings_json, fields_json) values (1, 0, 'pp512', 'prefill_tok_s', 'tok/s', 'm', 'c', 'r',"
           " '2026-01-01T00:00:00Z', '[1.5]', 1.5, '{}', '{}')";
  }
  Store store = must_open(dir.file());
  const auto read = store.imported("f1");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_TRUE(read->file.notes.empty());
  EXPECT_EQ(read->rows.at(0).problem, "");
  EXPECT_EQ(read->rows.at(0).samples, std::vector<double>{1.5});
  EXPECT_EQ(store.imported_calls("prefill_tok_s")->size(), 1U);
  EXPECT_TRUE(store.forgotten()->empty());
}

TEST(Guard, NamesTheCauseAndNeverQuotesValues) {
  const TempDir dir;
  soci::session sql(soci::sqlite3, dir.file().string());
  sql << "create table t (a text)";
  sql << "pragma max_page_count = 5";
  const std::string secret(100'000, 's');
  const Status full = guarded("fill", dir.file(), [&]() -> Status {
    sql << "insert into t values (:a)", soci::use(secret);
    return {};
  });
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().kind, ErrorKind::store);
  EXPECT_NE(full.error().message.find("the disk is full"), std::string::npos) << full.error().message;
  EXPECT_NE(full.error().message.find(dir.file().string()), std::string::npos);
  const Status other = guarded("fill", dir.file(), [&]() -> Status {
    sql << "insert into no_table values (:a)", soci::use(secret);
    return {};
  });
  EXPECT_NE(other.error().message.find("no such table"), std::string::npos) << other.error().message;
  EXPECT_EQ(other.error().message.find("sss"), std::string::npos);
}

}  // namespace
}  // namespace mia::store
