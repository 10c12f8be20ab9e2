// SPDX-License-Identifier: MIT
#include <string>

#include <gtest/gtest.h>

#include "serve/http.h"

namespace mia::serve {
namespace {

TEST(Target, PathAndQueryAreDecoded) {
  const auto request = parse_target("/result/a%2Fb%20c?q=two+words&ids=1&ids=2&empty&from=%2b5");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->path, "/result/a/b c");
  EXPECT_EQ(request->value("q"), "two words");
  EXPECT_EQ(request->value("ids"), "1,2");
  EXPECT_EQ(request->value("empty"), "");
  EXPECT_EQ(request->value("from"), "+5");
  EXPECT_EQ(request->value("missing"), "");
}

TEST(Target, WhatIsNoPathIsRefused) {
  for (const char* const target : {"", "*", "http://evil/", "/%", "/%2", "/%zz", "/a%00b", "/?q=%", "/?%00=1"}) {
    EXPECT_FALSE(parse_target(target)) << target;
  }
}

TEST(Host, OnlyThisMachinesOwnNamesAreTaken) {
  for (const char* const host :
       {"127.0.0.1", "127.0.0.1:8321", "localhost", "LOCALHOST:1", "[::1]:8321", "127.9.9.9"}) {
    EXPECT_TRUE(is_own_host(host, true)) << host;
  }
  for (const char* const host : {"", "evil.example", "evil.example:8321", "127.0.0.1.evil.example",
                                 "localhost.evil.example", "127.0.0.1:80@evil", "[::1", "[::1]x", "::1", "10.0.0.5",
                                 "127.0.0.1:", "localhost:8321:1", "2130706433", "0x7f.1", "127.0.0.1234"}) {
    EXPECT_FALSE(is_own_host(host, true)) << host;
  }
}

TEST(Host, OnANetworkAddressesAreTakenAndNamesAreNot) {
  EXPECT_TRUE(is_own_host("10.0.0.5:8321", false));
  EXPECT_TRUE(is_own_host("[fe80::1]:8321", false));
  EXPECT_FALSE(is_own_host("rebound.example:8321", false));
}

TEST(Token, ABrowserOrAProgramProvesIt) {
  EXPECT_TRUE(proves("Basic bWlhOnNlY3JldA==", "secret"));  // mia:secret
  EXPECT_TRUE(proves("Basic bWlhOnNlY3JldDE=", "secret1"));
  EXPECT_TRUE(proves("Bearer secret", "secret"));
  for (const char* const header : {"", "Bearer ", "Bearer secre", "Bearer secret ", "secret", "Basic secret"}) {
    EXPECT_FALSE(proves(header, "secret")) << header;
  }
}

}  // namespace
}  // namespace mia::serve
