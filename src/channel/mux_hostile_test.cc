// What a bad peer of ours does, and that it ends the session or has no effect.
#include <gtest/gtest.h>

#include "channel/mux_test_end.h"

namespace postern::channel {
namespace {

using wire::append_mux_amount;
using wire::append_mux_frame;
using wire::MuxCommand;

// What the peer of a connected stream 3 must not do, and how it is called.
TEST(MuxHostile, ViolationsEndTheWholeStream) {
  const auto frame = [](MuxCommand command, std::uint32_t id, std::string_view data = {}) {
    Bytes bytes;
    append_mux_frame(bytes, command, id, as_bytes(data));
    return bytes;
  };
  const auto update = [](std::uint32_t id, std::uint32_t granted) {
    Bytes bytes;
    append_mux_amount(bytes, MuxCommand::kUpd, id, granted);
    return bytes;
  };
  const auto join = [](Bytes a, const Bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  const struct {
    const char* what;
    Bytes bytes;
    MuxError error;
  } rows[] = {
      {"SYN with stream 0", frame(MuxCommand::kSyn, 0), MuxError::kBadStreamId},
      {"SYN with stream 1", frame(MuxCommand::kSyn, 1), MuxError::kBadStreamId},
      {"SYN with an agent's id", frame(MuxCommand::kSyn, 4), MuxError::kBadStreamId},
      {"SYN again", frame(MuxCommand::kSyn, 3), MuxError::kBadStreamId},
      {"SYN with an older id", join(frame(MuxCommand::kSyn, 9), frame(MuxCommand::kSyn, 7)),
       MuxError::kBadStreamId},
      {"PSH to a stream never opened", frame(MuxCommand::kPsh, 5, "x"), MuxError::kBadStreamId},
      {"PSH to stream 0", frame(MuxCommand::kPsh, 0, "x"), MuxError::kBadStreamId},
      {"PSH behind FIN", join(frame(MuxCommand::kFin, 3), frame(MuxCommand::kPsh, 3, "x")),
       MuxError::kBadStreamId},
      {"PSH before ACCEPT", frame(MuxCommand::kPsh, 2, "x"), MuxError::kBadStreamId},
      {"FIN twice", join(frame(MuxCommand::kFin, 3), frame(MuxCommand::kFin, 3)), MuxError::kBadStreamId},
      {"FIN of a stream never opened", frame(MuxCommand::kFin, 5), MuxError::kBadStreamId},
      {"RST of a stream never opened", frame(MuxCommand::kRst, 4), MuxError::kBadStreamId},
      {"ACCEPT of its own stream", frame(MuxCommand::kAccept, 3), MuxError::kBadStreamId},
      {"ACCEPT of a stream never opened", frame(MuxCommand::kAccept, 4), MuxError::kBadStreamId},
      {"ACCEPT twice", join(frame(MuxCommand::kAccept, 2), frame(MuxCommand::kAccept, 2)),
       MuxError::kBadStreamId},
      {"UPD of a stream never opened", update(5, 1), MuxError::kBadStreamId},
      {"UPD beyond any window", update(3, Mux::kMaxWindowBytes - Mux::kInitialWindowBytes + 1),
       MuxError::kWindowExceeded},
      {"UPD that would overflow", update(3, UINT32_MAX), MuxError::kWindowExceeded},
      {"RECLAIM of a stream never opened", frame(MuxCommand::kReclaim, 5), MuxError::kBadStreamId},
      {"RETURN without RECLAIM", frame(MuxCommand::kReturn, 3, std::string(4, '\0')), MuxError::kBadStreamId},
      {"a text outside stream 0", frame(MuxCommand::kCtl, 3, "x"), MuxError::kBadStreamId},
      {"a byte too many",
       join(frame(MuxCommand::kPsh, 3, std::string(Mux::kInitialWindowBytes - 1000, 'x')),
            frame(MuxCommand::kPsh, 3, std::string(1001, 'x'))),
       MuxError::kWindowExceeded},
  };
  for (const auto& row : rows) {
    MuxTestEnd victim(MuxRole::kAgent, MuxDialect::kFlow);
    victim.consumes = false;
    ASSERT_EQ(victim.mux.open("listener:0"), 2U);
    (void)victim.control();
    ASSERT_EQ(victim.feed(frame(MuxCommand::kSyn, 3, "tcp:db:1")), "");
    victim.mux.accept(3);
    (void)victim.control();
    EXPECT_EQ(victim.feed(row.bytes), to_string(row.error)) << row.what;
    EXPECT_EQ(victim.feed({}), to_string(row.error)) << row.what << ": it stays an error";
  }
}

// Floods: what the peer sends by the million leaves this end as large as before.
class MuxFlood : public testing::Test {
 protected:
  MuxTestEnd agent{MuxRole::kAgent, MuxDialect::kFlow};
};

TEST_F(MuxFlood, FloodsOfSynAreRefusedUntilAnswersPileUp) {
  std::string error;
  std::uint32_t id = 3;
  for (; error.empty() && id < 200'001; id += 2) {
    Bytes syn;
    append_mux_frame(syn, MuxCommand::kSyn, id);
    error = agent.feed(syn);
    agent.take_log();
  }
  EXPECT_EQ(error, to_string(MuxError::kTooMuchControl));
  EXPECT_EQ(agent.mux.open_streams(), Mux::kMaxStreams);
}

TEST_F(MuxFlood, FloodsOfReclaimEndInAnErrorNotInMemory) {
  Bytes bytes;
  append_mux_frame(bytes, MuxCommand::kSyn, 3);
  ASSERT_EQ(agent.feed(bytes), "");
  Bytes reclaim;
  append_mux_frame(reclaim, MuxCommand::kReclaim, 3);
  std::string error;
  for (int i = 0; error.empty() && i < 200'000; ++i) error = agent.feed(reclaim);
  EXPECT_EQ(error, to_string(MuxError::kTooMuchControl));
}

TEST_F(MuxFlood, AHundredThousandStreamsOneAfterTheOtherLeaveNothing) {
  for (std::uint32_t id = 3; id < 200'003; id += 2) {
    Bytes bytes;
    append_mux_frame(bytes, MuxCommand::kSyn, id);
    append_mux_frame(bytes, MuxCommand::kPsh, id, as_bytes("x"));
    append_mux_frame(bytes, MuxCommand::kRst, id);
    ASSERT_EQ(agent.feed(bytes), "");
    agent.take_log();
  }
  EXPECT_EQ(agent.mux.open_streams(), 0U);
  EXPECT_EQ(agent.mux.unconsumed_bytes(), 0U);
  EXPECT_FALSE(agent.mux.has_control());
}

TEST_F(MuxFlood, FloodsOfOtherFramesAreAnsweredByNothing) {
  constexpr std::uint32_t kId = 3;
  Bytes syn;
  append_mux_frame(syn, MuxCommand::kSyn, kId);
  ASSERT_EQ(agent.feed(syn), "");
  Bytes bytes;
  append_mux_frame(bytes, MuxCommand::kNop, 0);
  append_mux_frame(bytes, MuxCommand::kPsh, kId);
  append_mux_amount(bytes, MuxCommand::kUpd, kId, 0);
  append_mux_frame(bytes, MuxCommand::kCtl, 0, as_bytes("x"));
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(agent.feed(bytes), "");
  EXPECT_FALSE(agent.mux.has_control());
}

}  // namespace
}  // namespace postern::channel
