#pragma once

#include <string_view>
#include <vector>

#include "auth/access.h"
#include "auth/installation.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "iam/evaluate.h"
#include "store/records.h"

namespace postern::auth {

/// The keys of one who asks at `now`, besides those of his request and operation.
ContextKeys asker_keys(const Principal& principal, const store::Tags& tags, const Installation& installation,
                       Timestamp now);

/// Who asks for what, in the form in which iam/ takes it; owns everything that request() views.
class Question {
 public:
  /// `keys` are all that are known, but those of the resources.
  Question(Principal principal, Access access, ContextKeys keys);
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

  const Principal& principal() const { return principal_; }
  const iam::Request& request() const { return request_; }

 private:
  const Principal principal_;
  const Access access_;
  const ContextKeys keys_;
  iam::Context context_;
  std::vector<iam::Context> contexts_;
  std::vector<std::vector<std::string_view>> aliases_;
  std::vector<iam::Resource> resources_;
  iam::Request request_;
};

}  // namespace postern::auth
