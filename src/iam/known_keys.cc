#include "iam/known_keys.h"

#include <array>
#include <cstddef>

#include "iam/text.h"

namespace postern::iam {
namespace {

constexpr auto kKeys = std::to_array<std::string_view>({
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:FederatedProvider",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalType",
    "aws:RequestedRegion",
    "aws:SecureTransport",
    "aws:SourceIdentity",
    "aws:SourceIp",
    "aws:TagKeys",
    "aws:TokenIssueTime",
    "aws:UserAgent",
    "aws:ViaAWSService",
    "aws:userid",
    "aws:username",
    "ssm:SessionDocumentAccessCheck",
});
static_assert(kKeys.size() < kKeyNumbers);

/// Numbers by hash; a key whose slot is taken stands in the next that is free.
class Table {
 public:
  Table() {
    for (std::size_t i = 0; i < kKeys.size(); ++i) {
      const auto hash = hash_folded(kKeys[i]);
      auto at = slot(hash);
      while (slots_[at].number != kNoNumber) at = next(at);
      slots_[at] = {hash, static_cast<KeyNumber>(i + 1)};
    }
  }

  KeyNumber find(std::string_view key, std::uint64_t hash) const {
    for (auto at = slot(hash); slots_[at].number != kNoNumber; at = next(at)) {
      if (slots_[at].hash != hash) continue;
      const auto number = slots_[at].number;
      const auto name = kKeys[number - 1U];
      return name == key || equal_folded(name, key) ? number : kNoNumber;
    }
    return kNoNumber;
  }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    KeyNumber number = kNoNumber;
  };

  static constexpr std::size_t kSlots = 64;
  static_assert(kKeys.size() < kSlots);
  static std::size_t slot(std::uint64_t hash) { return (hash >> 32U) % kSlots; }
  static std::size_t next(std::size_t at) { return (at + 1) % kSlots; }

  std::array<Slot, kSlots> slots_;
};

}  // namespace

KeyNumber known_key(std::string_view key, std::uint64_t hash) {
  static const Table table;
  return table.find(key, hash);
}

}  // namespace postern::iam
