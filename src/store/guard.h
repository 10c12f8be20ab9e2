// SPDX-License-Identifier: MIT
// Where exceptions of the database end and how a transaction ends. Internal to the store.
#pragma once

#include <filesystem>
#include <new>
#include <string_view>
#include <utility>

#include <soci/error.h>
#include <soci/session.h>

#include "base/result.h"

namespace mia::store {

// "cannot <what> in '<path>': the disk is full", with what to do.
[[nodiscard]] Failure describe(const soci::soci_error& error, std::string_view what, const std::filesystem::path& path);
[[nodiscard]] Failure out_of_memory(std::string_view what, const std::filesystem::path& path);
// The write lock is held by another process.
[[nodiscard]] bool is_busy(const soci::soci_error& error);

// Runs `work`, which returns a Result; what the database throws becomes an Error.
template <class Work>
auto guarded(std::string_view what, const std::filesystem::path& path, Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const soci::soci_error& error) {
    return describe(error, what, path);
  } catch (const std::bad_alloc&) {
    return out_of_memory(what, path);
  }
}

// Takes the write lock at once: a transaction that reads first and then writes could find the database changed in
// between and fail without waiting. Rolls back unless committed.
class Transaction {
 public:
  explicit Transaction(soci::session& sql);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  soci::session& sql_;
  bool open_ = true;
};

// Several reads that must see one state of the database.
class ReadTransaction {
 public:
  explicit ReadTransaction(soci::session& sql);
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;
  ~ReadTransaction();

 private:
  soci::session& sql_;
};

}  // namespace mia::store
