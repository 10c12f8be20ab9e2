// SPDX-License-Identifier: MIT
#include <algorithm>
#include <optional>

#include "base/text.h"
#include "serve/http.h"

namespace mia::serve {
namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char low = static_cast<char>(c | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

// nullopt for a broken escape and for NUL.
std::optional<std::string> decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? digit_of(text[i + 1]) : -1;
      const int low = high >= 0 ? digit_of(text[i + 2]) : -1;
      if (low < 0) {
        return std::nullopt;
      }
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') {
      return std::nullopt;
    }
    out += c;
  }
  return out;
}

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string base64(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, text.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = (bits << 8U) | (k < count ? static_cast<unsigned char>(text[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= count ? kDigits[(bits >> (18U - 6U * k)) & 0x3FU] : '=';
    }
  }
  return out;
}

// In a time that does not tell where they differ.
bool are_equal(std::string_view a, std::string_view b) {
  unsigned differ = a.size() == b.size() ? 0U : 1U;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    differ |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return differ == 0;
}

bool all_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_ipv4(std::string_view text) {
  const auto parts = split(text, '.');
  return parts.size() == 4 && std::ranges::all_of(parts, [](const std::string& part) {
           return all_of(part, "0123456789") && part.size() < 4;
         });
}

}  // namespace

Result<Request> parse_target(std::string_view target) {
  const auto refuse = [&] { return fail(ErrorKind::usage, "'{}' is no path of this server", one_line(target, 100)); };
  const std::size_t mark = target.find('?');
  const auto path = decoded(target.substr(0, mark), false);
  if (!path || !path->starts_with('/')) {
    return refuse();
  }
  Request request{*path, {}};
  if (mark == std::string_view::npos) {
    return request;
  }
  for (const std::string& pair : split(target.substr(mark + 1), '&')) {
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto name = decoded(std::string_view(pair).substr(0, equals), true);
    const auto value = decoded(std::string_view(pair).substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) {
      return refuse();
    }
    const auto [at, is_new] = request.query.try_emplace(*name, *value);
    if (!is_new) {
      at->second += ',' + *value;
    }
  }
  return request;
}

bool is_loopback(const std::string& address) {
  return address == "::1" || (is_ipv4(address) && address.starts_with("127."));
}

bool is_own_host(std::string_view host, bool local) {
  std::string name(host);
  std::string_view port;
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos) {
      return false;
    }
    name = host.substr(1, end - 1);
    port = host.substr(end + 1);
  } else if (const std::size_t colon = host.find(':'); colon != std::string_view::npos) {
    name = host.substr(0, colon);
    port = host.substr(colon);
  }
  if (!port.empty() && (port.front() != ':' || !all_of(port.substr(1), "0123456789"))) {
    return false;
  }
  if (lower(name) == "localhost" || is_loopback(name)) {
    return true;
  }
  const bool is_address = is_ipv4(name) || (host.starts_with('[') && all_of(name, "0123456789abcdefABCDEF:.%"));
  return !local && is_address;
}

bool proves(std::string_view authorization, std::string_view token) {
  const bool basic = are_equal(authorization, "Basic " + base64("mia:" + std::string(token)));
  return basic || are_equal(authorization, "Bearer " + std::string(token));
}

}  // namespace mia::serve
