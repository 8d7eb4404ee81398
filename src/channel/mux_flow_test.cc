// Multiplexed streams between two ends of ours: targets, windows, half-close and reasons. What bad peers do
// is in mux_hostile_test.cc.
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "channel/mux_test_end.h"

namespace postern::channel {
namespace {

using wire::append_mux_amount;
using wire::append_mux_frame;
using wire::MuxCommand;

class MuxFlow : public testing::Test {
 protected:
  /// A stream that the client opened and the agent accepted.
  std::uint32_t connected() {
    const auto id = client.mux.open("tcp:db:5432").value();
    exchange(client, agent);
    agent.mux.accept(id);
    exchange(client, agent);
    client.take_log();
    agent.take_log();
    return id;
  }
  /// Sends as much as the window allows, at most `bytes`.
  std::size_t pour(MuxTestEnd& from, MuxTestEnd& to, std::uint32_t id, std::size_t bytes) {
    std::size_t sent = 0;
    while (sent < bytes && from.mux.send_window(id) > 0) {
      const auto size = std::min({bytes - sent, from.mux.send_window(id), Mux::kMaxFrameDataBytes});
      EXPECT_EQ(to.feed(from.data(id, std::string(size, 'x'))), "");
      sent += size;
    }
    return sent;
  }

  MuxTestEnd client{MuxRole::kClient, MuxDialect::kFlow};
  MuxTestEnd agent{MuxRole::kAgent, MuxDialect::kFlow};
};

TEST_F(MuxFlow, AStreamFromItsTargetToItsEnd) {
  const auto id = client.mux.open("tcp:db:5432").value();
  EXPECT_EQ(id, 3U);
  exchange(client, agent);
  EXPECT_EQ(agent.take_log(), "open 3 tcp:db:5432\n");
  agent.mux.accept(id);
  exchange(client, agent);
  EXPECT_EQ(client.take_log(), "accept 3\n");
  EXPECT_EQ(agent.feed(client.data(id, "question")), "");
  client.mux.end(id);
  exchange(client, agent);
  EXPECT_EQ(agent.take_log(), "data 3 question\nend 3\n");
  EXPECT_EQ(client.feed(agent.data(id, "answer")), "") << "the other direction goes on";
  agent.mux.end(id);
  exchange(client, agent);
  EXPECT_EQ(client.take_log(), "data 3 answer\nend 3\n");
  EXPECT_EQ(client.mux.open_streams(), 0U);
  EXPECT_EQ(agent.mux.open_streams(), 0U);
}

TEST_F(MuxFlow, TheAgentOpensEvenStreams) {
  EXPECT_EQ(agent.mux.open("listener:0"), 2U);
  EXPECT_EQ(agent.mux.open("listener:1"), 4U);
  exchange(agent, client);
  EXPECT_EQ(client.take_log(), "open 2 listener:0\nopen 4 listener:1\n");
}

TEST_F(MuxFlow, DataMayFollowTheSynButNotPrecedeTheAccept) {
  const auto id = client.mux.open("").value();
  auto bytes = client.control();
  const auto data = client.data(id, "early");
  bytes.insert(bytes.end(), data.begin(), data.end());
  EXPECT_EQ(agent.feed(bytes), "");
  EXPECT_EQ(agent.take_log(), "open 3\ndata 3 early\n");
  EXPECT_EQ(agent.mux.send_window(id), 0U);
  agent.mux.accept(id);
  EXPECT_EQ(agent.mux.send_window(id), Mux::kInitialWindowBytes);
}

TEST_F(MuxFlow, DataThatWouldOvertakeItsSynOrAcceptIsABug) {
  std::array<std::uint8_t, 8> header;
  const auto id = client.mux.open("").value();
  EXPECT_DEATH(client.mux.frame(id, 1, header), "taken");
  exchange(client, agent);
  agent.mux.accept(id);
  EXPECT_DEATH(agent.mux.frame(id, 1, header), "taken");
}

TEST_F(MuxFlow, ARefusalReachesItsStreamAloneWithTheReason) {
  const auto refused = client.mux.open("tcp:db:1").value();
  const auto other = client.mux.open("tcp:db:2").value();
  exchange(client, agent);
  agent.mux.reset(refused, "connection refused");
  exchange(client, agent);
  EXPECT_EQ(client.take_log(), "reset 3 connection refused\n");
  EXPECT_EQ(client.mux.send_window(refused), 0U);
  EXPECT_EQ(client.mux.send_window(other), Mux::kInitialWindowBytes);
  EXPECT_EQ(client.mux.open_streams(), 1U);
  EXPECT_EQ(agent.mux.open_streams(), 1U);
}

TEST_F(MuxFlow, ALongReasonIsCutBetweenCharacters) {
  const auto id = connected();
  std::string reason(Mux::kMaxReasonBytes - 1, 'x');
  agent.mux.reset(id, reason + "\xc3\xa9 and more");
  exchange(client, agent);
  EXPECT_EQ(client.take_log(), "reset 3 " + reason + "\n");
}

TEST_F(MuxFlow, FramesThatCrossAResetAreDropped) {
  const auto id = connected();
  auto crossing = client.data(id, "crossing");
  append_mux_amount(crossing, MuxCommand::kUpd, id, 1);
  append_mux_frame(crossing, MuxCommand::kFin, id);
  append_mux_frame(crossing, MuxCommand::kRst, id);
  agent.mux.reset(id, "gone");
  EXPECT_EQ(agent.feed(crossing), "");
  EXPECT_EQ(agent.take_log(), "");
  EXPECT_EQ(client.feed(agent.control()), "");
}

TEST_F(MuxFlow, TextsForThePeerItself) {
  agent.mux.control(R"({"listener":0,"port":40000})");
  exchange(agent, client);
  EXPECT_EQ(client.take_log(), "control 0 {\"listener\":0,\"port\":40000}\n");
}

TEST_F(MuxFlow, AStoppedConsumerStopsItsStreamAlone) {
  const auto slow = connected();
  const auto quick = connected();
  agent.log_data = false;
  agent.consumes = false;
  EXPECT_EQ(pour(client, agent, slow, 1'000'000), Mux::kInitialWindowBytes);
  exchange(client, agent);
  EXPECT_EQ(client.mux.send_window(slow), 0U);
  EXPECT_EQ(agent.mux.unconsumed_bytes(), Mux::kInitialWindowBytes);
  agent.consumes = true;
  EXPECT_GT(pour(client, agent, quick, 10'000), 0U);
  agent.mux.consumed(slow, Mux::kInitialWindowBytes / 2 - 1);
  EXPECT_FALSE(agent.mux.has_control()) << "grants are made by half windows";
  agent.mux.consumed(slow, 1);
  exchange(client, agent);
  EXPECT_EQ(client.take_log(), "window 3\n");
  EXPECT_EQ(client.mux.send_window(slow), Mux::kInitialWindowBytes / 2);
}

TEST_F(MuxFlow, AQuickStreamReachesItsFullWindowWithinFourRoundTrips) {
  const auto id = connected();
  agent.log_data = false;
  int round_trips = 0;
  while (client.mux.send_window(id) < Mux::kMaxWindowBytes * 3 / 4 && round_trips < 100) {
    pour(client, agent, id, SIZE_MAX);
    exchange(client, agent);
    ++round_trips;
  }
  EXPECT_LE(round_trips, 4);
}

TEST_F(MuxFlow, AllWindowsTogetherAreBounded) {
  std::vector<std::uint32_t> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(connected());
  agent.log_data = false;
  for (int round = 0; round < 10; ++round) {
    for (const auto id : ids) {
      pour(client, agent, id, SIZE_MAX);
      exchange(client, agent);
    }
  }
  agent.consumes = false;
  for (const auto id : ids) pour(client, agent, id, SIZE_MAX);
  EXPECT_LE(agent.mux.unconsumed_bytes(), Mux::kTotalWindowBytes + 100 * Mux::kInitialWindowBytes);
  EXPECT_GE(agent.mux.unconsumed_bytes(), Mux::kTotalWindowBytes / 2) << "nothing is left to the last";
}

TEST_F(MuxFlow, ClosedStreamsGiveTheirWindowBack) {
  agent.log_data = false;
  for (int i = 0; i < 10; ++i) {
    const auto id = connected();
    for (int round = 0; round < 6; ++round) {
      pour(client, agent, id, SIZE_MAX);
      exchange(client, agent);
    }
    EXPECT_GE(client.mux.send_window(id), Mux::kMaxWindowBytes / 2) << i;
    client.mux.reset(id, "");
    exchange(client, agent);
  }
}

TEST_F(MuxFlow, WindowsOfIdleStreamsAreAskedForWhenOthersNeedThem) {
  agent.log_data = false;
  const auto grow = [&](std::uint32_t id) {
    for (int round = 0; round < 6; ++round) {
      pour(client, agent, id, SIZE_MAX);
      exchange(client, agent);
    }
  };
  std::vector<std::uint32_t> idle;
  for (int i = 0; i < 60; ++i) {
    idle.push_back(connected());
    grow(idle.back());
  }
  const auto last = connected();
  grow(last);
  grow(last);
  EXPECT_EQ(client.mux.send_window(last), Mux::kMaxWindowBytes);
  for (const auto id : idle) {
    EXPECT_GE(client.mux.send_window(id), Mux::kInitialWindowBytes);
    EXPECT_EQ(pour(client, agent, id, 1000), 1000U) << "and they go on";
  }
}

TEST_F(MuxFlow, AReturnIsNoMoreThanThePeerHad) {
  agent.log_data = false;
  std::vector<std::uint32_t> ids;
  Bytes asked;
  for (int i = 0; i < 60 && asked.empty(); ++i) {
    ids.push_back(connected());
    for (int round = 0; round < 6; ++round) {
      pour(client, agent, ids.back(), SIZE_MAX);
      const auto bytes = agent.control();
      EXPECT_EQ(client.feed(bytes), "");
      wire::MuxParser parser(MuxDialect::kFlow);
      for (ByteView left = bytes; !left.empty();) {
        const auto part = parser.next(left).value();
        if (part->header.command == MuxCommand::kReclaim) asked = bytes;
      }
      if (!asked.empty()) break;
      exchange(client, agent);
    }
  }
  ASSERT_FALSE(asked.empty());
  Bytes too_much;
  append_mux_amount(too_much, MuxCommand::kReturn, ids.front(), Mux::kMaxWindowBytes);
  EXPECT_EQ(agent.feed(too_much), to_string(MuxError::kWindowExceeded));
}

TEST_F(MuxFlow, AnEndedStreamCountsUntilItIsConsumed) {
  agent.consumes = false;
  const auto id = connected();
  EXPECT_EQ(agent.feed(client.data(id, "last words")), "");
  client.mux.end(id);
  agent.mux.end(id);
  exchange(client, agent);
  EXPECT_EQ(client.mux.open_streams(), 0U);
  EXPECT_EQ(agent.mux.open_streams(), 1U);
  agent.mux.consumed(id, 10);
  EXPECT_EQ(agent.mux.open_streams(), 0U);
}

TEST_F(MuxFlow, AStreamTooManyIsRefused) {
  for (std::size_t i = 0; i < Mux::kMaxStreams; ++i) ASSERT_TRUE(client.mux.open(""));
  EXPECT_FALSE(client.mux.open(""));
  exchange(client, agent);
  agent.take_log();
  Bytes one_more;
  append_mux_frame(one_more, MuxCommand::kSyn, 3 + 2 * Mux::kMaxStreams);
  EXPECT_EQ(agent.feed(one_more), "");
  EXPECT_EQ(agent.take_log(), "");
  EXPECT_EQ(agent.mux.open_streams(), Mux::kMaxStreams);
  MuxTestEnd fresh(MuxRole::kClient, MuxDialect::kFlow);
  for (std::size_t i = 0; i <= Mux::kMaxStreams; ++i) {
    (void)fresh.mux.open("");
    (void)fresh.control();
    if (i == 0) fresh.mux.reset(3, "");
  }
  EXPECT_EQ(fresh.feed(agent.control()), "");
  EXPECT_EQ(fresh.take_log(), "reset 2051 too many streams are open\n");
}

TEST_F(MuxFlow, AnUpdateUpToTheLargestWindowIsTaken) {
  const auto id = connected();
  Bytes update;
  append_mux_amount(update, MuxCommand::kUpd, id, Mux::kMaxWindowBytes - Mux::kInitialWindowBytes);
  EXPECT_EQ(client.feed(update), "");
  EXPECT_EQ(client.mux.send_window(id), Mux::kMaxWindowBytes);
}

// A handler that acts from within its calls: the state must bear it.
class Busybody final : public MuxHandler {
 public:
  void on_open(std::uint32_t id, std::string_view) override { does(id); }
  void on_accept(std::uint32_t id) override { does(id); }
  void on_data(std::uint32_t id, ByteView data) override {
    mux.consumed(id, data.size());
    does(id);
  }
  void on_end(std::uint32_t id) override { does(id); }
  void on_reset(std::uint32_t id, std::string_view) override { does(id); }
  void on_window(std::uint32_t id) override { does(id); }
  void on_control(std::string_view) override { does(0); }
  std::function<void(std::uint32_t)> does;
  Mux mux{MuxRole::kAgent, MuxDialect::kFlow, *this};
};

TEST_F(MuxFlow, AHandlerMayDoAnythingFromWithinItsCalls) {
  Bytes story;
  append_mux_frame(story, MuxCommand::kSyn, 3);
  append_mux_frame(story, MuxCommand::kPsh, 3, Bytes(40'000, 'x'));
  append_mux_frame(story, MuxCommand::kSyn, 5);
  append_mux_frame(story, MuxCommand::kCtl, 0, as_bytes("x"));
  append_mux_frame(story, MuxCommand::kFin, 3);
  append_mux_frame(story, MuxCommand::kRst, 5);
  Busybody busy;
  const std::function<void(std::uint32_t)> deeds[] = {
      [&](std::uint32_t id) { busy.mux.reset(id, "no"); },
      [&](std::uint32_t id) { busy.mux.end(id); },
      [&](std::uint32_t id) {
        if (id != 0) busy.mux.accept(id);
        busy.mux.end(id);
        busy.mux.reset(id, "");
      },
      [&](std::uint32_t) { (void)busy.mux.open("listener:0"); },
      [&](std::uint32_t) { (void)busy.mux.take_control(); },
  };
  for (const auto& deed : deeds) {
    std::destroy_at(&busy.mux);
    std::construct_at(&busy.mux, MuxRole::kAgent, MuxDialect::kFlow, busy);
    busy.does = deed;
    EXPECT_TRUE(busy.mux.on_bytes(story));
  }
}

TEST_F(MuxFlow, GrantsOfOneStreamAreOneFrame) {
  const auto id = connected();
  agent.log_data = false;
  pour(client, agent, id, Mux::kInitialWindowBytes);
  EXPECT_EQ(agent.control().size(), wire::kMuxHeaderBytes + wire::kMuxAmountBytes);
}

}  // namespace
}  // namespace postern::channel
