#include "client/commands/forward_report.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "client/plain_text.h"
#include "client/session/run_session.h"
#include "client/session/say.h"

namespace postern::client {

std::string ForwardReport::line(std::string_view kind, const LocalAddress& from, std::string_view to) const {
  if (format_ == Format::kJson) {
    boost::json::object event = {{"forward", kind}, {"node", node_}};
    if (from.is_unix()) {
      event["socket"] = from.path;
    } else {
      event["address"] = from.host;
      event["port"] = from.port;
    }
    if (!to.empty()) event["to"] = to;
    return boost::json::serialize(event) + '\n';
  }
  const auto listening = from.to_string();
  if (kind == "dynamic") return harmless(fmt::format("SOCKS5 proxy {} through {}", listening, node_)) + '\n';
  if (kind == "remote")
    return harmless(fmt::format("Forwarding {} on {} -> {} here", listening, node_, to)) + '\n';
  return harmless(fmt::format("Forwarding {} -> {} through {}", listening, to, node_)) + '\n';
}

void ForwardReport::print(std::string_view kind, const LocalAddress& from, std::string_view to) const {
  print_now(line(kind, from, to));
}

void ForwardReport::refused(std::string_view to, std::string_view reason) {
  // An official agent says neither where to nor why.
  say(fmt::format("connection to {} failed: {}", to.empty() ? "the destination" : to,
                  reason.empty() ? "the node's log says why" : reason));
}

}  // namespace postern::client
