#pragma once

#include <string>

#include "client/aws_config.h"
#include "client/ssm_api.h"

/// The commands of `postern`. Each gives the exit status; what goes wrong is thrown as std::runtime_error
/// with a text for the person.
namespace postern::client {

enum class ListFormat { kTable, kJson };

int start_session(const ConfigFlags& flags, StartSessionRequest request);
int list_nodes(const ConfigFlags& flags, ListFormat format);
/// Active sessions, or with `history` those that are over.
enum class WhichSessions { kActive, kHistory };
int list_sessions(const ConfigFlags& flags, WhichSessions which, ListFormat format);
int terminate_session(const ConfigFlags& flags, const std::string& session_id);

}  // namespace postern::client
