#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "aws/form.h"
#include "aws/xml.h"
#include "base/json_codec.h"

/// The Query and EC2 protocols over described structs: requests from forms, responses to XML. Names come from
/// wire_name() and the rules are those of decode_json(): a plain member is required, optionals, vectors and
/// maps may be absent, unknown members are ignored. Values are parsed from text; times are ISO-8601.
namespace postern::aws {

/// How the two protocols differ. Query (STS, IAM): lists `Name.member.N`, maps `Name.entry.N.key`/`.value`,
/// XML list elements
/// `<member>`, times to the second. EC2: lists `Name.N`, no maps, XML list elements `<item>`, times to the
/// millisecond.
enum class QueryDialect { kQuery, kEc2 };

namespace detail {

using postern::detail::IsMap;
using postern::detail::IsOptional;
using postern::detail::IsVector;
using postern::detail::Members;
using postern::detail::spelling;

std::optional<DecodeError> decode_form_bool(const std::string& from, bool& into, const std::string& path);
std::optional<DecodeError> decode_form_time(const std::string& from, Timestamp& into,
                                            const std::string& path);
DecodeError not_a_number(const std::string& path);

/// Whether the form has `path` itself or a member below it.
bool form_has(const Form& form, const std::string& path);

std::string xml_time(Timestamp time, QueryDialect dialect);

template <QueryDialect Dialect, class T>
std::optional<DecodeError> decode_form_into(const Form& form, T& into, const std::string& path) {
  if constexpr (IsOptional<T>::value) {
    return decode_form_into<Dialect>(form, into.emplace(), path);
  } else if constexpr (IsVector<T>::value) {
    const std::string prefix = path + (Dialect == QueryDialect::kQuery ? ".member." : ".");
    for (std::size_t index = 1; form_has(form, prefix + std::to_string(index)); ++index) {
      if (auto error = decode_form_into<Dialect>(form, into.emplace_back(), prefix + std::to_string(index)))
        return error;
    }
    return std::nullopt;
  } else if constexpr (IsMap<T>::value) {
    static_assert(Dialect == QueryDialect::kQuery, "the EC2 protocol has no maps");
    for (std::size_t index = 1;; ++index) {
      const std::string entry = path + ".entry." + std::to_string(index);
      const auto key = form.find(entry + ".key");
      if (key == form.end()) return std::nullopt;
      if (auto error = decode_form_into<Dialect>(form, into[key->second], entry + ".value")) return error;
    }
  } else if constexpr (postern::detail::Described<T>) {
    std::optional<DecodeError> error;
    boost::mp11::mp_for_each<Members<T>>([&](auto descriptor) {
      if (error) return;
      using Member = std::remove_reference_t<decltype(into.*descriptor.pointer)>;
      const std::string& name = spelling<T, decltype(descriptor)>();
      const std::string member_path = path.empty() ? name : path + '.' + name;
      if (!form_has(form, member_path)) {
        if constexpr (!IsOptional<Member>::value && !IsVector<Member>::value && !IsMap<Member>::value) {
          error = DecodeError{member_path, "is required", true};
        }
        return;
      }
      error = decode_form_into<Dialect>(form, into.*descriptor.pointer, member_path);
    });
    return error;
  } else {
    const auto found = form.find(path);
    if (found == form.end()) return DecodeError{path, "is required", true};
    const std::string& text = found->second;
    if constexpr (std::is_same_v<T, std::string>) {
      into = text;
    } else if constexpr (std::is_same_v<T, Secret>) {
      into = Secret(text);
    } else if constexpr (std::is_same_v<T, Timestamp>) {
      return decode_form_time(text, into, path);
    } else if constexpr (std::is_same_v<T, bool>) {
      return decode_form_bool(text, into, path);
    } else {
      static_assert(std::is_arithmetic_v<T>,
                    "not a type that a form can carry: describe it with BOOST_DESCRIBE_STRUCT");
      const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), into);
      if (status != std::errc() || end != text.data() + text.size()) return not_a_number(path);
    }
    return std::nullopt;
  }
}

template <QueryDialect Dialect, class T>
void write_xml(std::string& out, std::string_view name, const T& from) {
  if constexpr (IsOptional<T>::value) {
    if (from) write_xml<Dialect>(out, name, *from);
  } else if constexpr (std::is_same_v<T, std::string>) {
    out += xml_element(name, from);
  } else if constexpr (std::is_same_v<T, Secret>) {
    out += xml_element(name, from.reveal());
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    out += xml_element(name, xml_time(from, Dialect));
  } else if constexpr (std::is_same_v<T, bool>) {
    out += xml_element(name, from ? "true" : "false");
  } else if constexpr (std::is_arithmetic_v<T>) {
    out += xml_element(name, fmt::format("{}", from));
  } else {
    out.append("<").append(name).append(">");
    if constexpr (IsVector<T>::value) {
      for (const auto& element : from)
        write_xml<Dialect>(out, Dialect == QueryDialect::kQuery ? "member" : "item", element);
    } else if constexpr (IsMap<T>::value) {
      for (const auto& [key, value] : from) {
        out += "<entry>" + xml_element("key", key);
        write_xml<Dialect>(out, "value", value);
        out += "</entry>";
      }
    } else {
      static_assert(postern::detail::Described<T>,
                    "not a type that XML can carry: describe it with BOOST_DESCRIBE_STRUCT");
      boost::mp11::mp_for_each<Members<T>>([&](auto descriptor) {
        write_xml<Dialect>(out, spelling<T, decltype(descriptor)>(), from.*descriptor.pointer);
      });
    }
    out.append("</").append(name).append(">");
  }
}

}  // namespace detail

template <class T>
std::expected<T, DecodeError> decode_query(const Form& form) {
  T into{};
  if (auto error = detail::decode_form_into<QueryDialect::kQuery>(form, into, ""))
    return std::unexpected(std::move(*error));
  return into;
}

template <class T>
std::expected<T, DecodeError> decode_ec2_query(const Form& form) {
  T into{};
  if (auto error = detail::decode_form_into<QueryDialect::kEc2>(form, into, ""))
    return std::unexpected(std::move(*error));
  return into;
}

/// `<ActionResponse xmlns="..."><ActionResult>...</ActionResult><ResponseMetadata>...`
template <class T>
std::string encode_query_response(std::string_view action, std::string_view xmlns, const T& result,
                                  std::string_view request_id) {
  std::string out = fmt::format("<{}Response xmlns=\"{}\">", action, escape_xml(xmlns));
  detail::write_xml<QueryDialect::kQuery>(out, std::string(action) + "Result", result);
  out += "<ResponseMetadata>" + xml_element("RequestId", request_id) + "</ResponseMetadata>";
  return out + fmt::format("</{}Response>", action);
}

/// `<ActionResponse xmlns="..."><requestId>...</requestId>...`: the members stand directly in the root.
template <class T>
std::string encode_ec2_response(std::string_view action, std::string_view xmlns, const T& result,
                                std::string_view request_id) {
  std::string out = fmt::format("<{}Response xmlns=\"{}\">", action, escape_xml(xmlns));
  out += xml_element("requestId", request_id);
  boost::mp11::mp_for_each<detail::Members<T>>([&](auto descriptor) {
    detail::write_xml<QueryDialect::kEc2>(out, detail::spelling<T, decltype(descriptor)>(),
                                          result.*descriptor.pointer);
  });
  return out + fmt::format("</{}Response>", action);
}

}  // namespace postern::aws
