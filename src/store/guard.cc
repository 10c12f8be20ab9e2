// SPDX-License-Identifier: MIT
#include "store/guard.h"

#include <string>

#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "base/text.h"

namespace mia::store {
namespace {

struct Reason {
  int code;  // primary result code of SQLite
  std::string_view text;
  std::string_view hint;
};

constexpr std::string_view kRestore = "move the file away, or restore it: sqlite3 FILE .recover | sqlite3 NEW";
constexpr Reason kReasons[] = {
    {SQLITE_FULL, "the disk is full", "free some space or name a file elsewhere with --store"},
    {SQLITE_IOERR, "the disk does not take or give the data", "check free space, file size limits and the disk"},
    {SQLITE_READONLY, "it is read-only", "change its permissions or name another file with --store"},
    {SQLITE_CANTOPEN, "the file cannot be opened or made", "the folder must exist and be writable, also for reading"},
    {SQLITE_PERM, "access is denied", "change its permissions or name another file with --store"},
    {SQLITE_BUSY, "another process keeps it locked", "try again when the other one has finished"},
    {SQLITE_LOCKED, "another process keeps it locked", "try again when the other one has finished"},
    {SQLITE_CORRUPT, "the file is damaged", kRestore},
    {SQLITE_NOTADB, "the file is not an SQLite database", "name another file with --store"},
    {SQLITE_TOOBIG, "a value is too large", "shorten the prompt or the log"},
};

// Extended codes carry the primary one in their lowest byte.
int primary_code(const soci::soci_error& error) {
  const auto* const sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
  return sqlite == nullptr ? 0 : sqlite->result() & 0xff;
}

// In destructors: after a full disk or an I/O error SQLite has ended the transaction by itself and says so.
bool end(soci::session& sql, const char* how) {
  try {
    sql << how;
    return true;
  } catch (const soci::soci_error&) {
    return false;
  }
}

}  // namespace

Failure describe(const soci::soci_error& error, std::string_view what, const std::filesystem::path& path) {
  const int code = primary_code(error);
  for (const Reason& reason : kReasons) {
    if (reason.code == code) {
      return with_hint(fail(ErrorKind::store, "cannot {} in '{}': {}", what, path.string(), reason.text),
                       std::string(reason.hint));
    }
  }
  // Not what(): that quotes the values of the statement, which may be a prompt of a megabyte.
  return fail(ErrorKind::store, "cannot {} in '{}': {}", what, path.string(), one_line(error.get_error_message(), 300));
}

Failure out_of_memory(std::string_view what, const std::filesystem::path& path) {
  return fail(ErrorKind::store, "cannot {} in '{}': out of memory", what, path.string());
}

bool is_busy(const soci::soci_error& error) {
  return primary_code(error) == SQLITE_BUSY;
}

Transaction::Transaction(soci::session& sql) : sql_(sql) {
  sql_ << "begin immediate";
}

void Transaction::commit() {
  sql_ << "commit";
  open_ = false;
}

Transaction::~Transaction() {
  if (open_) {
    end(sql_, "rollback");
  }
}

ReadTransaction::ReadTransaction(soci::session& sql) : sql_(sql) {
  sql_ << "begin";
}

ReadTransaction::~ReadTransaction() {
  end(sql_, "rollback");
}

}  // namespace mia::store
