#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "api/call.h"
#include "aws/page_token.h"

namespace postern::api::iam {

/// AWS's number of items on a page, unless the caller says otherwise.
inline constexpr int kPageItems = 100;

/// Cuts the page that Marker and MaxItems ask for out of `all`, whose ids (`id_of`) rise strictly. A page
/// goes on behind the last id of the one before, whether that is still there or not. Puts the items into
/// `items` and fills `out.is_truncated` and `out.marker`. Error: ValidationError for a marker that is not
/// ours.
template <class In, class Out, class T, class Id>
Result<Out> paged(const Call& call, std::string_view operation, const In& in, std::vector<T> all, Out out,
                  std::vector<T> Out::* items, Id id_of) {
  auto begin = all.begin();
  if (in.marker) {
    const auto last = aws::decode_page_token(*in.marker, operation, call.services.page_token_key);
    if (!last) {
      return std::unexpected(
          aws::kValidation("Invalid Marker: it is not one that this operation gave, or the service has been "
                           "restarted since. Start again without it."));
    }
    begin = std::ranges::upper_bound(all, *last, {}, id_of);
  }
  const auto limit = static_cast<std::ptrdiff_t>(in.max_items.value_or(kPageItems));
  const auto end = all.end() - begin > limit ? begin + limit : all.end();
  out.is_truncated = end != all.end();
  if (out.is_truncated) {
    out.marker = aws::encode_page_token(id_of(*(end - 1)), operation, call.services.page_token_key);
  }
  (out.*items).assign(std::make_move_iterator(begin), std::make_move_iterator(end));
  return out;
}

}  // namespace postern::api::iam
