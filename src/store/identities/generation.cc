#include "store/identities/shared.h"

#include "store/identity_repositories.h"
#include "store/statement.h"

namespace postern::store {

void advance_generation(soci::session& sql) {
  execute(sql, "UPDATE identity_generation SET generation = generation + 1");
}

std::int64_t IdentityGeneration::current() {
  return select(sql_, "SELECT generation FROM identity_generation").at(0).integer();
}

void IdentityGeneration::advance() {
  advance_generation(sql_);
}

}  // namespace postern::store
