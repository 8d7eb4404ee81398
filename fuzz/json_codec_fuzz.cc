#include <cstdlib>

#include "base/bytes.h"
#include "base/json_codec.h"

using namespace postern;

struct Inner {
  std::string key;
  std::optional<double> number;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (key, number))

struct Outer {
  std::optional<std::string> name;
  std::optional<bool> flag;
  std::optional<std::int16_t> small;
  std::vector<Inner> list;
  std::map<std::string, std::vector<std::string>> map;
  boost::json::value anything;
};
BOOST_DESCRIBE_STRUCT(Outer, (), (name, flag, small, list, map, anything))

// What decodes encodes to a text that decodes as well. The texts are not compared: Boost.JSON 1.81 reads
// numbers of many digits with an error in the last place, so those may change once more.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto decoded = decode_json_text<Outer>(as_text({data, size}));
  if (!decoded) {
    if (decoded.error().message().empty()) std::abort();
    return 0;
  }
  const auto text = encode_json_text(*decoded);
  const auto again = decode_json_text<Outer>(text);
  if (!again || again->list.size() != decoded->list.size() || again->map != decoded->map ||
      again->name != decoded->name) {
    std::abort();
  }
  return 0;
}
