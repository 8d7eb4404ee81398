#include "aws/xml.h"

#include <expat.h>

#include <limits>
#include <memory>

namespace postern::aws {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// The length of the UTF-8 sequence at the front of `text` if it is well-formed and XML 1.0 has its character;
// else 0.
std::size_t character_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return first >= 0x20 || first == '\t' || first == '\n' || first == '\r' ? 1 : 0;
  std::size_t length = 0;
  char32_t code = 0;
  if (first >= 0xc2 && first <= 0xdf) {
    length = 2;
    code = first & 0x1fU;
  } else if (first >= 0xe0 && first <= 0xef) {
    length = 3;
    code = first & 0x0fU;
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4;
    code = first & 0x07U;
  }
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (at(i) & 0x3fU);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return overlong || surrogate || code > 0x10ffff || code == 0xfffe || code == 0xffff ? 0 : length;
}

struct Search {
  XML_Parser parser = nullptr;
  std::string_view name;
  std::string text;
  /// Open elements from the one searched for inwards; 0 outside of it.
  std::size_t depth = 0;
  bool done = false;
};

void on_start(void* user, const XML_Char* element, const XML_Char**) {
  auto& search = *static_cast<Search*>(user);
  std::string_view local = element;
  if (const auto colon = local.rfind(':'); colon != std::string_view::npos) local.remove_prefix(colon + 1);
  if (search.depth > 0 || (!search.done && local == search.name)) ++search.depth;
}

void on_end(void* user, const XML_Char*) {
  auto& search = *static_cast<Search*>(user);
  if (search.depth > 0 && --search.depth == 0) search.done = true;
}

void on_text(void* user, const XML_Char* text, int length) {
  auto& search = *static_cast<Search*>(user);
  if (search.depth == 1) search.text.append(text, static_cast<std::size_t>(length));
}

void on_doctype(void* user, const XML_Char*, const XML_Char*, const XML_Char*, int) {
  XML_StopParser(static_cast<Search*>(user)->parser, XML_FALSE);
}

}  // namespace

std::string escape_xml(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  while (!text.empty()) {
    const auto length = character_length(text);
    if (length == 0) {
      escaped += kReplacement;
      text.remove_prefix(1);
      continue;
    }
    switch (text.front()) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&apos;";
        break;
      // A parser would read a bare carriage return as a line feed.
      case '\r':
        escaped += "&#13;";
        break;
      default:
        escaped += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return escaped;
}

std::string xml_element(std::string_view name, std::string_view text) {
  std::string element;
  element.reserve(2 * name.size() + text.size() + 5);
  element.append("<").append(name).append(">").append(escape_xml(text));
  element.append("</").append(name).append(">");
  return element;
}

std::optional<std::string> xml_element_text(std::string_view xml, std::string_view name) {
  if (xml.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return std::nullopt;
  const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser(XML_ParserCreate("UTF-8"),
                                                                            XML_ParserFree);
  Search search;
  search.parser = parser.get();
  search.name = name;
  XML_SetUserData(parser.get(), &search);
  XML_SetElementHandler(parser.get(), on_start, on_end);
  XML_SetCharacterDataHandler(parser.get(), on_text);
  XML_SetStartDoctypeDeclHandler(parser.get(), on_doctype);
  const auto status = XML_Parse(parser.get(), xml.data(), static_cast<int>(xml.size()), XML_TRUE);
  if (status != XML_STATUS_OK || !search.done) return std::nullopt;
  return std::move(search.text);
}

}  // namespace postern::aws
