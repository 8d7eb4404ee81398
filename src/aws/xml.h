#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postern::aws {

/// Text for XML content and attributes; characters that XML 1.0 can't carry, and bytes that are not UTF-8,
/// become U+FFFD.
std::string escape_xml(std::string_view text);

/// `<name>text</name>` with the text escaped.
std::string xml_element(std::string_view name, std::string_view text);

/// The text of the first element called `name`, whatever its namespace and depth; nothing when there is none
/// or the document is not well-formed. A document type declaration is refused, so no entity is ever expanded.
std::optional<std::string> xml_element_text(std::string_view xml, std::string_view name);

}  // namespace postern::aws
