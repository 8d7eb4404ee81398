#include "agent/worker_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "copy/descriptor.h"

namespace postern::agent {
namespace {

using copy::Descriptor;

// Ours alone, so that no agent of this machine gets in the way.
std::string node_id() {
  return "mi-test-" + std::to_string(::getpid());
}

TEST(WorkerSocket, IsFoundAndConnectedTo) {
  const auto socket = make_worker_socket(node_id());
  ASSERT_TRUE(socket);
  Descriptor listener(socket->descriptor);
  EXPECT_EQ(find_worker_sockets(node_id()), std::vector<std::string>{socket->name});
  const auto connected = connect_to_worker(socket->name);
  ASSERT_TRUE(connected);
  const Descriptor connection(*connected);
  const Descriptor accepted(::accept(listener.get(), nullptr, nullptr));
  EXPECT_TRUE(peer_is(accepted.get(), ::geteuid()));
  EXPECT_FALSE(peer_is(accepted.get(), ::geteuid() + 1));
  EXPECT_EQ(find_worker_sockets(node_id()).size(), 1u) << "not the accepted one, which has the same name";
  listener.reset();
  EXPECT_TRUE(find_worker_sockets(node_id()).empty()) << "it is gone with its holder";
  EXPECT_EQ(connect_to_worker(socket->name).error(), ECONNREFUSED);
}

TEST(WorkerSocket, BelongsToOneNode) {
  const auto socket = make_worker_socket(node_id() + "0");
  ASSERT_TRUE(socket);
  const Descriptor listener(socket->descriptor);
  EXPECT_TRUE(find_worker_sockets(node_id()).empty());
}

TEST(WorkerSocket, OfAnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::seteuid(65534), 0);
  const auto socket = make_worker_socket(node_id());
  ASSERT_EQ(::seteuid(0), 0);
  ASSERT_TRUE(socket);
  const Descriptor listener(socket->descriptor);
  EXPECT_EQ(connect_to_worker(socket->name).error(), EPERM);
}

TEST(WorkerSocket, NamesTooLongAreErrors) {
  EXPECT_EQ(make_worker_socket(std::string(100, 'x')).error(), ENAMETOOLONG);
  EXPECT_EQ(connect_to_worker(std::string(108, 'x')).error(), ENAMETOOLONG);
}

TEST(WorkerSocketTable, HasListeningSocketsOfTheNodeAlone) {
  const std::string digits = "0123456789abcdef0123456789abcdef";
  const std::string head = "00000000f9ae0c71: 00000002 00000000 ";
  const std::string good = head + "00010000 0001 01 51494 @postern-agent/mi-1/" + digits;
  EXPECT_EQ(
      parse_worker_sockets("Num       RefCount Protocol Flags    Type St Inode Path\n" + good + '\n', "mi-1"),
      std::vector<std::string>{"postern-agent/mi-1/" + digits});
  EXPECT_EQ(parse_worker_sockets(good + '\n' + good, "mi-1").size(), 2u);
  for (const auto& bad : {
           std::string(),
           std::string("\n \n  \n"),
           head,
           head + "00010000 0001 01 51494",
           head + "00000000 0001 03 51494 @postern-agent/mi-1/" + digits,
           head + "00010000 0001 01 51494 @postern-agent/mi-2/" + digits,
           head + "00010000 0001 01 51494 @postern-agent/mi-1/" + digits + "0",
           head + "00010000 0001 01 51494 @postern-agent/mi-1/" + digits.substr(1) + "/",
           head + "00010000 0001 01 51494 @postern-agent/mi-1/" + digits.substr(1) + "G",
           head + "00010000 0001 01 51494 postern-agent/mi-1/" + digits,
           head + "00010000 0001 01 51494 /run/@postern-agent/mi-1/" + digits,
       }) {
    EXPECT_TRUE(parse_worker_sockets(bad, "mi-1").empty()) << bad;
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_TRUE(parse_worker_sockets(good.substr(0, size), "mi-1").empty()) << size;
  }
}

}  // namespace
}  // namespace postern::agent
