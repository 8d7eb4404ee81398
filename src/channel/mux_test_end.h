#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "channel/mux.h"

namespace postern::channel {

/// One end whose calls to its handler become lines of a log: `open 3 TARGET`, `data 3 BYTES`, `end 3`.
class MuxTestEnd final : public MuxHandler {
 public:
  MuxTestEnd(MuxRole role, MuxDialect dialect) : mux(role, dialect, *this) {}

  void on_open(std::uint32_t id, std::string_view target) override { line("open", id, target); }
  void on_accept(std::uint32_t id) override { line("accept", id); }
  void on_data(std::uint32_t id, ByteView data) override {
    received += data.size();
    if (log_data) line("data", id, as_text(data));
    if (consumes) mux.consumed(id, data.size());
  }
  void on_end(std::uint32_t id) override { line("end", id); }
  void on_reset(std::uint32_t id, std::string_view reason) override { line("reset", id, reason); }
  void on_window(std::uint32_t id) override { line("window", id); }
  void on_control(std::string_view text) override { line("control", 0, text); }

  /// Feeds bytes; the error's text if there is one.
  std::string feed(ByteView bytes) {
    const auto done = mux.on_bytes(bytes);
    return done ? "" : std::string(to_string(done.error()));
  }
  /// All that waits to be sent besides data.
  Bytes control() {
    Bytes all;
    while (mux.has_control()) {
      const auto payload = mux.take_control();
      EXPECT_FALSE(payload.empty());
      if (payload.empty()) break;
      all.insert(all.end(), payload.begin(), payload.end());
    }
    EXPECT_TRUE(mux.take_control().empty());
    return all;
  }
  /// A data frame.
  Bytes data(std::uint32_t id, std::string_view text) {
    Bytes bytes(Mux::kFrameHeaderBytes);
    mux.frame(id, text.size(), std::span(bytes).first<Mux::kFrameHeaderBytes>());
    const auto view = as_bytes(text);
    bytes.insert(bytes.end(), view.begin(), view.end());
    return bytes;
  }
  std::string take_log() { return std::exchange(log_, {}); }

  bool consumes = true;
  bool log_data = true;
  std::size_t received = 0;
  Mux mux;

 private:
  void line(std::string_view what, std::uint32_t id, std::string_view text = {}) {
    log_ += std::string(what) + " " + std::to_string(id);
    if (!text.empty()) log_ += " " + std::string(text);
    log_ += "\n";
  }
  std::string log_;
};

/// Carries the control frames of both until there are none.
inline void exchange(MuxTestEnd& a, MuxTestEnd& b) {
  while (a.mux.has_control() || b.mux.has_control()) {
    EXPECT_EQ(b.feed(a.control()), "");
    EXPECT_EQ(a.feed(b.control()), "");
  }
}

}  // namespace postern::channel
