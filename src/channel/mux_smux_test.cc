// Multiplexed streams towards official peers (data-channel.md 6.7).
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "channel/mux_test_end.h"

namespace postern::channel {
namespace {

using wire::append_mux_frame;
using wire::MuxCommand;

class Smux : public testing::Test {
 protected:
  MuxTestEnd client{MuxRole::kClient, MuxDialect::kSmux};
  MuxTestEnd agent{MuxRole::kAgent, MuxDialect::kSmux};
};

TEST_F(Smux, Trap46_SpeaksVersion1WithOddIdsFrom3AndNothingBehindSyn) {
  const auto id = client.mux.open("").value();
  auto bytes = client.control();
  const auto data = client.data(id, "GET");
  bytes.insert(bytes.end(), data.begin(), data.end());
  EXPECT_EQ(to_hex(bytes), "01000000030000000102030003000000474554") << "V10";
  EXPECT_EQ(client.mux.open(""), 5U);
}

TEST_F(Smux, Trap47_EndClosesBothDirections) {
  const auto id = client.mux.open("").value();
  exchange(client, agent);
  client.mux.end(id);
  EXPECT_EQ(client.mux.open_streams(), 0U);
  const auto late = agent.data(id, "in flight");
  exchange(client, agent);
  EXPECT_EQ(agent.take_log(), "open 3\nend 3\n");
  EXPECT_EQ(client.feed(late), "");
  EXPECT_EQ(client.take_log(), "") << "what was in flight is lost, as with official peers";
  agent.mux.end(id);
  EXPECT_EQ(agent.mux.open_streams(), 0U);
  exchange(client, agent);
  EXPECT_EQ(client.take_log(), "");
}

TEST_F(Smux, Trap48_NopsAreTakenAndNeverSent) {
  Bytes nop;
  append_mux_frame(nop, MuxCommand::kNop, 0);
  EXPECT_EQ(client.feed(nop), "");
  EXPECT_EQ(agent.feed(nop), "");
  EXPECT_FALSE(client.mux.has_control());
  EXPECT_FALSE(agent.mux.has_control());
}

TEST_F(Smux, Trap49_AConsumerThatStopsIsBoundedByTheBudgetOfOfficialPeers) {
  const auto id = client.mux.open("").value();
  exchange(client, agent);
  agent.consumes = false;
  agent.log_data = false;
  const std::string block(32'768, 'x');
  while (agent.mux.wants_bytes()) ASSERT_EQ(agent.feed(client.data(id, block)), "");
  EXPECT_EQ(agent.mux.unconsumed_bytes(), Mux::kSmuxBudgetBytes);
  agent.mux.consumed(id, 1);
  EXPECT_TRUE(agent.mux.wants_bytes());
}

TEST_F(Smux, AnyIdOfThePeerIsTaken) {
  for (const std::uint32_t id : {4U, 3U, 1U, 0U, 0xffff'ffffU, 2U}) {
    Bytes bytes;
    append_mux_frame(bytes, MuxCommand::kSyn, id);
    append_mux_frame(bytes, MuxCommand::kPsh, id, as_bytes("x"));
    EXPECT_EQ(agent.feed(bytes), "");
    EXPECT_EQ(agent.take_log(), "open " + std::to_string(id) + "\ndata " + std::to_string(id) + " x\n");
  }
}

TEST_F(Smux, TheLargestPshIsTaken) {
  Bytes bytes;
  append_mux_frame(bytes, MuxCommand::kSyn, 3);
  append_mux_frame(bytes, MuxCommand::kPsh, 3, Bytes(65'535, 'x'));
  EXPECT_EQ(agent.feed(bytes), "");
  EXPECT_EQ(agent.received, 65'535U);
}

TEST_F(Smux, StrangeFramesHaveNoEffect) {
  Bytes bytes;
  append_mux_frame(bytes, MuxCommand::kPsh, 7, as_bytes("nobody's"));
  append_mux_frame(bytes, MuxCommand::kFin, 7);
  append_mux_frame(bytes, MuxCommand::kSyn, 3);
  append_mux_frame(bytes, MuxCommand::kSyn, 3);
  append_mux_frame(bytes, MuxCommand::kPsh, 3);
  append_mux_frame(bytes, MuxCommand::kFin, 3);
  append_mux_frame(bytes, MuxCommand::kFin, 3);
  append_mux_frame(bytes, MuxCommand::kPsh, 3, as_bytes("after the end"));
  EXPECT_EQ(agent.feed(bytes), "");
  EXPECT_EQ(agent.take_log(), "open 3\nend 3\n");
  EXPECT_EQ(agent.mux.unconsumed_bytes(), 0U);
}

TEST_F(Smux, AStreamTooManyOrOpenedByAnAgentEndsAtOnce) {
  for (std::uint32_t i = 0; i < Mux::kMaxStreams; ++i) {
    Bytes syn;
    append_mux_frame(syn, MuxCommand::kSyn, 3 + 2 * i);
    ASSERT_EQ(agent.feed(syn), "");
  }
  Bytes syn;
  append_mux_frame(syn, MuxCommand::kSyn, 2);
  agent.take_log();
  for (auto* end : {&agent, &client}) {
    EXPECT_EQ(end->feed(syn), "");
    EXPECT_EQ(end->take_log(), "");
    EXPECT_EQ(to_hex(end->control()), "0101000002000000");
  }
}

TEST_F(Smux, AFloodOfSynEndsInAnErrorNotInMemory) {
  std::string error;
  for (std::uint32_t id = 3; error.empty() && id < 1'000'000; id += 2) {
    Bytes syn;
    append_mux_frame(syn, MuxCommand::kSyn, id);
    error = agent.feed(syn);
    agent.take_log();
  }
  EXPECT_EQ(error, to_string(MuxError::kTooMuchControl));
}

TEST_F(Smux, ErrorsOfFramesAreNamed) {
  const struct {
    const char* hex;
    MuxError error;
  } rows[] = {
      {"0200000003000000", MuxError::kBadVersion},
      {"0104000003000000", MuxError::kUnknownCommand},
      {"0101010003000000", MuxError::kBadLength},
  };
  for (const auto& row : rows) {
    MuxTestEnd victim(MuxRole::kClient, MuxDialect::kSmux);
    EXPECT_EQ(victim.feed(from_hex(row.hex).value()), to_string(row.error));
  }
}

}  // namespace
}  // namespace postern::channel
