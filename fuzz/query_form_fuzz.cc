#include <cstdlib>

#include "aws/codec.h"
#include "base/bytes.h"

using namespace postern;

struct Inner {
  std::string key;
  std::optional<std::int32_t> count;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (key, count))

struct Outer {
  std::optional<std::string> name;
  std::optional<bool> flag;
  std::optional<Timestamp> time;
  std::vector<Inner> list;
  std::map<std::string, std::string> map;
};
BOOST_DESCRIBE_STRUCT(Outer, (), (name, flag, time, list, map))

// A form survives being written and read again; what decodes encodes to XML in which the name is found again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto form = aws::parse_form(as_text({data, size}));
  if (!form) return 0;
  if (aws::parse_form(aws::encode_form(*form)) != form) std::abort();
  const auto decoded = aws::decode_query<Outer>(*form);
  if (!decoded) return 0;
  const auto xml = aws::encode_query_response("Op", "urn:x", *decoded, "id");
  const auto found = aws::xml_element_text(xml, "RequestId");
  if (found != "id") std::abort();
  if (decoded->name && !aws::xml_element_text(xml, "Name")) std::abort();
  return 0;
}
