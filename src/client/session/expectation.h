#pragma once

#include <string_view>

#include "client/session/session.h"

namespace postern::client {

/// What a session of this document will be, as far as names of AWS's tell; empty is the default document, a
/// shell as a rule.
inline Expect expectation(std::string_view document_name) {
  if (document_name.empty() || document_name == "SSM-SessionManagerRunShell" ||
      document_name == "AWS-StartInteractiveCommand")
    return Expect::kTerminal;
  return document_name == "AWS-StartSSHSession" ? Expect::kStandardStreams : Expect::kAnything;
}

}  // namespace postern::client
