#include "agent/link.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

#include "net/testing/run.h"

namespace postern::agent {
namespace {

using net::testing::run;

class LinkTest : public testing::Test {
 protected:
  LinkTest() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    link = std::make_unique<Link>(context.get_executor(), ends[0]);
    other = std::make_unique<Link>(context.get_executor(), ends[1]);
  }
  std::optional<std::string> read(Link& from) { return run(context, from.read_line()); }

  boost::asio::io_context context{1};
  std::unique_ptr<Link> link;
  std::unique_ptr<Link> other;
};

TEST_F(LinkTest, CarriesLinesInOrder) {
  link->send("one");
  link->send("two");
  link->send(std::string(200'000, 'x'));
  EXPECT_EQ(read(*other), "one");
  EXPECT_EQ(read(*other), "two");
  EXPECT_EQ(read(*other)->size(), 200'000u);
}

TEST_F(LinkTest, EndsWithTheOtherEnd) {
  link->send("last");
  run(context, link->flush());
  link.reset();
  EXPECT_EQ(read(*other), "last");
  EXPECT_EQ(read(*other), std::nullopt);
  other->send("nobody reads this");
  run(context, other->flush());
}

TEST_F(LinkTest, GivesUpOnALineWithoutEnd) {
  link->send(std::string(Link::kMaxLineBytes + 1, 'x'));
  EXPECT_EQ(read(*other), std::nullopt);
}

TEST(ToWorker, RoundTripsAJob) {
  ToWorker message;
  message.job = SessionJob{"{}", "mi-1", "https://h", "us-east-1", {"ASIA", Secret("s"), Secret("t"), {}}};
  const auto decoded = decode_json_text<ToWorker>(encode_json_text(message));
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(decoded->job->role_token.session_token.reveal(), "t");
  EXPECT_FALSE(decoded->closed);
}

}  // namespace
}  // namespace postern::agent
