#include "net/dial.h"

#include <gtest/gtest.h>

#include <map>

#include "net/proxy.h"

namespace postern::net {
namespace {

TEST(Url, ParsesWhatTheServiceHandsOut) {
  const auto url =
      Url::parse("wss://ssmmessages.example:8443/v1/data-channel/a-1?role=publish_subscribe&cell-number=A");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "wss");
  EXPECT_EQ(url->host, "ssmmessages.example");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->target, "/v1/data-channel/a-1?role=publish_subscribe&cell-number=A");
  EXPECT_EQ(url->authority(), "ssmmessages.example:8443");
  EXPECT_TRUE(url->secure());
}

TEST(Url, FillsInWhatIsLeftOut) {
  EXPECT_EQ(Url::parse("https://a")->port, 443);
  EXPECT_EQ(Url::parse("ws://a?b")->target, "/?b");
  EXPECT_EQ(Url::parse("HTTP://a:80")->authority(), "a");
  EXPECT_EQ(Url::parse("https://[2001:db8::1]:8443/")->host, "2001:db8::1");
  EXPECT_EQ(Url::parse("https://[2001:db8::1]:8443/")->authority(), "[2001:db8::1]:8443");
}

TEST(Url, RefusesTheRest) {
  for (const auto* bad :
       {"", "a", "//a", "ftp://a", "https://", "https://:1", "https://u@a", "https://u:p@a", "https://a#f",
        "https://a:0", "https://a:65536", "https://a:1x", "https://a:-1", "https://a b", "https://[::1",
        "https://[x]", "https://[::1]x", "https://a/\r\nX: y", "https://a\\b"}) {
    EXPECT_FALSE(Url::parse(bad)) << bad;
  }
}

std::optional<Proxy> proxy_for(std::string_view url,
                               std::map<std::string, std::string, std::less<>> variables) {
  const auto environment = [&](std::string_view name) -> std::optional<std::string> {
    const auto it = variables.find(name);
    return it == variables.end() ? std::nullopt : std::optional(it->second);
  };
  return find_proxy(Url::parse(url).value(), environment).value();
}

TEST(FindProxy, FollowsTheScheme) {
  EXPECT_FALSE(proxy_for("https://a", {}));
  EXPECT_FALSE(proxy_for("https://a", {{"http_proxy", "http://p:1"}}));
  EXPECT_EQ(proxy_for("wss://a", {{"https_proxy", "http://p:1"}})->url.port, 1);
  EXPECT_EQ(proxy_for("wss://a", {{"HTTPS_PROXY", "p:2"}})->url.authority(), "p:2");
  EXPECT_EQ(proxy_for("ws://a", {{"http_proxy", "http://p"}})->url.port, 80);
}

TEST(FindProxy, DecodesCredentials) {
  const auto proxy = proxy_for("https://a", {{"https_proxy", "http://me:p%40ss@p:1/"}});
  EXPECT_EQ(proxy->credentials.reveal(), "me:p@ss");
  EXPECT_EQ(proxy->url.host, "p");
}

TEST(FindProxy, RefusesASettingItCanNotUse) {
  const auto environment = [](std::string_view) { return std::optional<std::string>("socks5://p:1"); };
  EXPECT_FALSE(find_proxy(Url::parse("https://a").value(), [&](std::string_view name) {
    return name == "https_proxy" ? environment(name) : std::nullopt;
  }));
}

TEST(FindProxy, HonoursExemptions) {
  struct Case {
    const char* url;
    const char* no_proxy;
    bool direct;
  };
  const Case cases[] = {
      {"https://a.example", "*", true},
      {"https://a.example", "a.example", true},
      {"https://A.example", "x, a.EXAMPLE", true},
      {"https://b.a.example", "a.example", true},
      {"https://ba.example", "a.example", false},
      {"https://a.example", ".a.example", false},
      {"https://b.a.example", ".a.example", true},
      {"https://b.a.example", "*.a.example", true},
      {"https://a.example:8443", "a.example:8443", true},
      {"https://a.example", "a.example:8443", false},
      {"https://10.1.2.3", "10.1.2.3", true},
      {"https://10.1.2.3", "10.1.0.0/16", true},
      {"https://10.2.2.3", "10.1.0.0/16", false},
      {"https://[2001:db8::1]", "2001:db8::/32", true},
      {"https://[2001:db8::1]", "2001:db8::1", true},
      {"https://[2001:db8::1]:8443", "[2001:db8::1]:8443", true},
      {"https://[2001:db9::1]", "2001:db8::/32", false},
      {"https://localhost:1", "", true},
      {"https://127.0.0.5", "", true},
      {"https://a.example", "", false},
  };
  for (const auto& each : cases) {
    const auto proxy = proxy_for(each.url, {{"https_proxy", "http://p:1"}, {"no_proxy", each.no_proxy}});
    EXPECT_EQ(!proxy, each.direct) << each.url << " with no_proxy=" << each.no_proxy;
  }
}

}  // namespace
}  // namespace postern::net
