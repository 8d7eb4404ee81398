#include "api/iam/errors.h"
#include "api/iam/holders.h"
#include "api/iam/operations.h"

/// PutUserPermissionsBoundary, DeleteUserPermissionsBoundary, and the same for roles.
namespace postern::api::iam {
namespace {

template <class Names>
struct PutRequest : Names {
  std::string permissions_boundary;

  void validate(aws::Validation& validation) const {
    this->check_holder(validation);
    check_policy_arn(validation, "permissionsBoundary", permissions_boundary);
  }
};
template <class Names>
struct DeleteRequest : Names {
  void validate(aws::Validation& validation) const { this->check_holder(validation); }
};
BOOST_DESCRIBE_STRUCT(PutRequest<NamesUser>, (NamesUser), (permissions_boundary))
BOOST_DESCRIBE_STRUCT(PutRequest<NamesRole>, (NamesRole), (permissions_boundary))
BOOST_DESCRIBE_STRUCT(DeleteRequest<NamesUser>, (NamesUser), ())
BOOST_DESCRIBE_STRUCT(DeleteRequest<NamesRole>, (NamesRole), ())

void set_boundary(store::Repositories& repos, const NamesUser& in, const std::string& arn) {
  auto user = user_named(repos, in.user_name);
  user.boundary_arn = arn;
  repos.users.update(user);
}

void set_boundary(store::Repositories& repos, const NamesRole& in, const std::string& arn) {
  auto role = role_named(repos, in.role_name);
  role.boundary_arn = arn;
  repos.roles.update(role);
}

template <class In>
awaitable<Result<Empty>> put_boundary(Call& call, In in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    if (!find_policy(repos, in.permissions_boundary))
      refuse(kNoSuchEntity, "Policy " + in.permissions_boundary + " does not exist or is not attachable.");
    set_boundary(repos, in, in.permissions_boundary);
  });
}

template <class In>
awaitable<Result<Empty>> delete_boundary(Call& call, In in) {
  return change_identities(call,
                           [in = std::move(in)](store::Repositories& repos) { set_boundary(repos, in, ""); });
}

template <class Names>
void register_for(Registry& registry) {
  const std::string name = std::string(Names::Of::kName) + "PermissionsBoundary";
  add<PutRequest<Names>, Empty>(
      registry, "Put" + name,
      {.access = on_holder<PutRequest<Names>>("Put" + name), .run = put_boundary<PutRequest<Names>>});
  add<DeleteRequest<Names>, Empty>(registry, "Delete" + name,
                                   {.access = on_holder<DeleteRequest<Names>>("Delete" + name),
                                    .run = delete_boundary<DeleteRequest<Names>>});
}

}  // namespace

void register_boundaries(Registry& registry) {
  register_for<NamesUser>(registry);
  register_for<NamesRole>(registry);
}

}  // namespace postern::api::iam
