#pragma once

#include <string>
#include <string_view>

namespace postern::client {

/// What the person at the keyboard wants from the client itself.
enum class KeyAction { kNone, kDisconnect };

/// Watches raw keystrokes for the escape sequences of the official client (data-channel.md 1.4): a tilde as
/// the first character after Enter, followed by `?` help, `~` a literal tilde, `-` switch off, `.` terminate
/// the session. Anything else is sent together with the tilde. The beginning of a session counts as after
/// Enter.
class EscapeKeys {
 public:
  struct Step {
    /// For the node.
    std::string send;
    /// For the terminal.
    std::string show;
    KeyAction action = KeyAction::kNone;
  };
  Step on_keys(std::string_view keys);

 private:
  enum class State { kLineStart, kTilde, kInLine, kOff };
  State state_ = State::kLineStart;
};

/// Enter from a keyboard that is no terminal: a payload of exactly one line feed becomes a carriage return,
/// longer ones stay (6.1).
std::string_view as_official_client_sends(std::string_view input);

}  // namespace postern::client
