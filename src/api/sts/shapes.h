#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <vector>

#include "auth/temporary_credentials.h"
#include "base/json_codec.h"

/// What several operations of STS take and answer, as its service model has it.
namespace postern::api::sts {

inline constexpr auto kNamespace = "https://sts.amazonaws.com/doc/2011-06-15/";

struct Credentials {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;
  Timestamp expiration;
};
BOOST_DESCRIBE_STRUCT(Credentials, (), (access_key_id, secret_access_key, session_token, expiration))

inline Credentials to_shape(const auth::IssuedCredentials& issued) {
  return {issued.record.access_key_id, issued.record.secret, issued.session_token, issued.record.expires};
}

struct AssumedRoleUser {
  std::string assumed_role_id;
  std::string arn;
};
BOOST_DESCRIBE_STRUCT(AssumedRoleUser, (), (assumed_role_id, arn))

struct PolicyDescriptor {
  static constexpr auto kMemberNames = MemberNames::kCamel;
  std::string arn;
};
BOOST_DESCRIBE_STRUCT(PolicyDescriptor, (), (arn))

struct Tag {
  std::string key;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(Tag, (), (key, value))

}  // namespace postern::api::sts
