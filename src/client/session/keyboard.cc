#include "client/session/keyboard.h"

namespace postern::client {
namespace {

constexpr std::string_view kHelp =
    "\r\nSupported escape sequence commands:\r\n"
    "  ~? - this help message\r\n"
    "  ~~ - send the ~ character to the remote target\r\n"
    "  ~- - disable escape sequences for the rest of this session\r\n"
    "  ~. - disconnect and terminate session\r\n"
    "(Note that escapes are only recognized immediately after newline.)\r\n";
constexpr std::string_view kSwitchedOff = "\r\nEscape sequences disabled for this session.\r\n";

}  // namespace

EscapeKeys::Step EscapeKeys::on_keys(std::string_view keys) {
  Step step;
  for (const char key : keys) {
    if (state_ == State::kLineStart && key == '~') {
      state_ = State::kTilde;
      continue;
    }
    if (state_ == State::kTilde) {
      switch (key) {
        case '?':
          step.show += kHelp;
          state_ = State::kLineStart;
          continue;
        case '-':
          step.show += kSwitchedOff;
          state_ = State::kOff;
          continue;
        case '.':
          step.action = KeyAction::kDisconnect;
          return step;
        case '~':
          break;
        default:
          step.send += '~';
      }
    }
    step.send += key;
    if (state_ != State::kOff) state_ = key == '\r' || key == '\n' ? State::kLineStart : State::kInLine;
  }
  return step;
}

std::string_view as_official_client_sends(std::string_view input) {
  return input == "\n" ? "\r" : input;
}

}  // namespace postern::client
