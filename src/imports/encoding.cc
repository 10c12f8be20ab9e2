// SPDX-License-Identifier: MIT
#include "imports/encoding.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace mia::imports {
namespace {

struct Kind {
  std::string_view magic;
  std::string_view name;
  std::string_view what_to_do;
};
constexpr auto kNoText = std::to_array<Kind>({
    {"\x1f\x8b", "a gzip archive", "unpack it first: gunzip"},
    {"PK\x03\x04", "a zip archive or a workbook", "unpack it first, or save the table as CSV"},
    {"\xfd"
     "7zXZ",
     "an xz archive", "unpack it first: unxz"},
    {"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it first: unzstd"},
    {"BZh", "a bzip2 archive", "unpack it first: bunzip2"},
    {"GGUF", "a model, not the results of one", "mia-perf model show says what is in it"},
    {"\x89PNG", "a picture", "import the text of the table"},
    {"\xff\xd8\xff", "a picture", "import the text of the table"},
    {"%PDF", "a PDF document", "import the text of the table"},
    {std::string_view("\xff\xfe\0\0", 4), "text in UTF-32", "save it as UTF-8"},
    {std::string_view("\0\0\xfe\xff", 4), "text in UTF-32", "save it as UTF-8"},
});

constexpr JsonLimits kWhole{.bytes = std::size_t{1} << 30U, .depth = 1};
constexpr std::string_view kMark = "\xEF\xBB\xBF";

enum class Order { little, big };

void append(std::string& out, char32_t c) {
  const auto put = [&](char32_t bits) { out += static_cast<char>(static_cast<unsigned char>(bits)); };
  if (c < 0x80) {
    put(c);
    return;
  }
  if (c < 0x800) {
    put(0xC0U | (c >> 6U));
  } else if (c < 0x10000) {
    put(0xE0U | (c >> 12U));
    put(0x80U | ((c >> 6U) & 0x3FU));
  } else {
    put(0xF0U | (c >> 18U));
    put(0x80U | ((c >> 12U) & 0x3FU));
    put(0x80U | ((c >> 6U) & 0x3FU));
  }
  put(0x80U | (c & 0x3FU));
}

// Halves of a pair that stand alone become U+FFFD.
std::string from_utf16(std::string_view bytes, Order order) {
  const auto unit = [&](std::size_t i) {
    const auto first = static_cast<unsigned char>(bytes[i]);
    const auto second = static_cast<unsigned char>(bytes[i + 1]);
    return static_cast<char32_t>(order == Order::little ? first | second << 8U : first << 8U | second);
  };
  std::string out;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    char32_t c = unit(i);
    if (c >= 0xD800 && c < 0xDC00 && i + 3 < bytes.size() && unit(i + 2) >= 0xDC00 && unit(i + 2) < 0xE000) {
      c = 0x10000 + ((c - 0xD800) << 10U) + (unit(i + 2) - 0xDC00);
      i += 2;
    } else if (c >= 0xD800 && c < 0xE000) {
      c = 0xFFFD;
    }
    append(out, c);
  }
  return out;
}

// ASCII in UTF-16 without a mark has a zero in every second place.
bool has_zeros(std::string_view bytes, std::size_t first) {
  const std::size_t most = std::min<std::size_t>(bytes.size(), 64);
  std::size_t zeros = 0;
  for (std::size_t i = first; i < most; i += 2) {
    zeros += bytes[i] == '\0' ? 1 : 0;
  }
  return most >= 8 && zeros * 2 >= most - most / 8;
}

// Marks stand inside, too, where files were put together.
std::string cleaned(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, kMark.size()) == kMark) {
      i += kMark.size() - 1;
    } else if (text[i] != '\r') {
      out += text[i];
    } else if (i + 1 == text.size() || text[i + 1] != '\n') {
      out += '\n';
    }
  }
  return out;
}

}  // namespace

Result<std::string> to_utf8(std::string_view bytes) {
  const auto* const kind = std::ranges::find_if(kNoText, [&](const Kind& one) { return bytes.starts_with(one.magic); });
  if (kind != kNoText.end()) {
    return with_hint(fail(ErrorKind::usage, "{}", kind->name), std::string(kind->what_to_do));
  }
  if (bytes.starts_with("\xff\xfe") || has_zeros(bytes, 1)) {
    return cleaned(from_utf16(bytes, Order::little));
  }
  if (bytes.starts_with("\xfe\xff") || has_zeros(bytes, 0)) {
    return cleaned(from_utf16(bytes, Order::big));
  }
  const std::string head = lower(trim(bytes.substr(0, 200)));
  if (head.starts_with("<!doctype") || head.starts_with("<html")) {
    return with_hint(fail(ErrorKind::usage, "a web page"), "import the file itself, or the text of its table");
  }
  if (bytes.find('\0') != std::string_view::npos) {
    return fail(ErrorKind::usage, "it holds bytes that are no text (at {})", bytes.find('\0'));
  }
  // Bytes that are not UTF-8 (a name in an older encoding) become U+FFFD.
  return parse_json(dump_json(Json(cleaned(bytes))), kWhole).value_or(Json("")).get<std::string>();
}

}  // namespace mia::imports
