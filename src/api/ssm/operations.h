#pragma once

#include "api/operation.h"

namespace postern::api::ssm {

/// Adds the operations of AmazonSSM to the registry, one function per family.
void register_activations(Registry& registry);
void register_document_reading(Registry& registry);
void register_document_writing(Registry& registry);
void register_node_keys(Registry& registry);
void register_nodes(Registry& registry);
void register_sessions(Registry& registry);
void register_tags(Registry& registry);

inline void register_operations(Registry& registry) {
  register_activations(registry);
  register_document_reading(registry);
  register_document_writing(registry);
  register_node_keys(registry);
  register_nodes(registry);
  register_sessions(registry);
  register_tags(registry);
}

}  // namespace postern::api::ssm
