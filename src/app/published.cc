// SPDX-License-Identifier: MIT
#include "app/published.h"

#include <filesystem>

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/text.h"
#include "store/store.h"

namespace mia::app {
namespace {

constexpr std::size_t kLongestLine = 300;  // bytes, escaped at most six times as many
constexpr std::size_t kLines = 8;

// As a name that other processes understand, wherever they stand.
std::string absolute_store(const std::string& store) {
  std::error_code code;
  const auto path =
      std::filesystem::absolute(store.empty() ? store::default_path() : std::filesystem::path(store), code);
  return code ? store : path.lexically_normal().string();
}

}  // namespace

void Published::begins(const Begun& begun) {
  inner_.begins(begun);
  begun_ = begun;
  if (!file_) {
    since_ = utc_now();
    if (auto made = store::RunningFile::make(store::default_running_folder())) {
      file_.emplace(std::move(*made));
    }
  }
  write();
}

void Published::doing(std::string_view text, bool lasting) {
  inner_.doing(text, lasting);
  doing_ = one_line(text, kLongestLine);
  doing_since_ = utc_now();
  write();
}

// Who looks on counts the seconds.
void Published::still(std::string_view text, double seconds) {
  inner_.still(text, seconds);
  if (std::string now = one_line(text, kLongestLine); now != doing_) {
    doing_ = std::move(now);
    doing_since_ = utc_now();
    write();
  }
}

void Published::say(std::string_view text) {
  inner_.say(text);
  keep(text);
}

void Published::warn(std::string_view text) {
  inner_.warn(text);
  keep(text);
}

void Published::keep(std::string_view text) {
  said_.push_back(one_line(text, kLongestLine));
  if (said_.size() > kLines) {
    said_.pop_front();
  }
  write();
}

void Published::write() const {
  if (file_) {
    file_->write(dump_json({{"pid", ::getpid()},
                            {"verb", verb_},
                            {"session", begun_.session},
                            {"what", one_line(begun_.what, kLongestLine)},
                            {"store", absolute_store(store_)},
                            {"since", since_},
                            {"doing", doing_},
                            {"doing_since", doing_since_},
                            {"said", said_}}));
  }
}

std::vector<Json> running_now() {
  std::vector<Json> running;
  for (const std::string& text : store::read_running(store::default_running_folder())) {
    const auto json = parse_json(text);
    if (!json || !json->is_object() || !get_int(*json, "pid")) {
      continue;
    }
    Json one = {{"pid", *get_int(*json, "pid")}, {"said", Json::array()}};
    for (const char* const name : {"verb", "session", "what", "store", "since", "doing", "doing_since"}) {
      one[name] = printable(get_string(*json, name).value_or(""));
    }
    for (const Json& line : get_member(*json, "said")) {
      if (line.is_string()) {
        one["said"].push_back(printable(line.get<std::string>()));
      }
    }
    running.push_back(std::move(one));
  }
  return running;
}

}  // namespace mia::app
