#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/call.h"
#include "aws/page_token.h"

namespace postern::api {

/// One page of a list whose items have a stable order and unique ids.
template <class T>
struct Page {
  std::vector<T> items;
  std::optional<std::string> next_token;
};

/// `operation` names the caller, so that its tokens are no other's.
/// Cuts a page out of `all`: it starts behind the item that `token` names, or at the beginning. When that
/// item is gone the caller must start again. Error: InvalidNextToken.
template <class T, class Id>
Result<Page<T>> cut_page(const Call& call, std::string_view operation, std::vector<T> all, std::size_t limit,
                         const std::optional<std::string>& token, Id id_of) {
  std::size_t begin = 0;
  if (token && !token->empty()) {
    const auto last = aws::decode_page_token(*token, operation, call.services.page_token_key);
    if (!last) return std::unexpected(last.error());
    while (begin < all.size() && id_of(all[begin]) != *last) ++begin;
    if (begin == all.size())
      return std::unexpected(
          aws::kInvalidNextToken("The NextToken is no longer valid. Start again without it."));
    ++begin;
  }
  Page<T> page;
  for (std::size_t i = begin; i < all.size() && page.items.size() < limit; ++i)
    page.items.push_back(std::move(all[i]));
  if (begin + page.items.size() < all.size()) {
    page.next_token =
        aws::encode_page_token(id_of(page.items.back()), operation, call.services.page_token_key);
  }
  return page;
}

}  // namespace postern::api
