#include "net/private_ca.h"

#include <gtest/gtest.h>

#include "net/tls.h"

namespace postern::net {
namespace {

const Timestamp kNow = from_unix_micros(1'795'000'000'000'000);

TEST(PrivateCa, IssuesWhatItWasAskedFor) {
  const auto authority = make_certificate_authority("Postern test CA", kNow);
  const SubjectNames names{{"localhost", "*.us-east-1.postern.example"}, {"127.0.0.1", "::1"}};
  const auto server = issue_server_certificate(authority, names, kNow);
  const auto facts = read_certificate(server.certificate_pem);
  EXPECT_EQ(facts.names, names);
  EXPECT_EQ(facts.expires, kNow + std::chrono::days(397));
  EXPECT_NO_THROW(
      TlsServerContext(server.certificate_pem + authority.certificate_pem, server.private_key_pem));
}

TEST(PrivateCa, KeepsACommaInsideAName) {
  const auto authority = make_certificate_authority("Postern test CA", kNow);
  const auto server = issue_server_certificate(authority, {{"a,DNS:evil.example"}, {}}, kNow);
  EXPECT_EQ(read_certificate(server.certificate_pem).names.dns,
            (std::vector<std::string>{"a,DNS:evil.example"}));
}

TEST(PrivateCa, RefusesWhatIsNoCertificateOrAddress) {
  EXPECT_THROW(read_certificate("nonsense"), std::runtime_error);
  const auto authority = make_certificate_authority("Postern test CA", kNow);
  EXPECT_THROW(issue_server_certificate(authority, {{}, {"300.1.1.1"}}, kNow), std::runtime_error);
}

TEST(PrivateCa, DoesNotMixKeys) {
  const auto one = make_certificate_authority("one", kNow);
  const auto two = make_certificate_authority("two", kNow);
  EXPECT_THROW(TlsServerContext(one.certificate_pem, two.private_key_pem), std::runtime_error);
}

}  // namespace
}  // namespace postern::net
