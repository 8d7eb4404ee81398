#pragma once

#include <optional>
#include <string>
#include <string_view>

/// The texts by which port sessions say where to: what of them can be judged before a node resolves names.
namespace postern::aws {

/// 1 to 65535 in decimal, without leading zeros. `allow_zero` for ports that the other end chooses.
bool is_port(std::string_view text, bool allow_zero = false);

/// A `destinations` entry: `HOST:PORT` (IPv6 in brackets), `unix:/PATH`, or `*`. Nothing when it is one, else
/// what is wrong.
std::optional<std::string> destination_problem(std::string_view text);

/// A `listeners` entry: `PORT` or `BIND:PORT`, where port 0 is any free one.
std::optional<std::string> listener_problem(std::string_view text);

/// Whether the text is, in any spelling that resolvers accept, an address that hands out a machine's
/// credentials or belongs to a cloud's own services: those that AWS's agent refuses
/// (DeniedPortForwardingRemoteIPs, control-plane.md 1.2). Names are left to the node, which resolves them.
bool is_cloud_metadata_address(std::string_view host);

/// The host of a `HOST:PORT` destination, without brackets; empty for the other kinds.
std::string_view destination_host(std::string_view destination);

}  // namespace postern::aws
