/// The little XML that object stores answer with: one element with text elements in it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace accel::backend {

/// The root element of a document and the text of the elements directly below it.
struct XmlDocument {
  std::string root;                                                ///< name without namespace prefix
  std::vector<std::pair<std::string, std::string>> children = {};  ///< name, text; elements with elements in them: ""

  /// The text of the first child of that name, "" when there is none.
  [[nodiscard]] std::string_view text(std::string_view name) const noexcept;
};

/// Reads a document; nothing when the text is no well-formed XML of the kind stores send. Attributes are skipped.
/// Document types, and with them entities of one's own, are refused, nesting is limited: answers come from outside.
std::optional<XmlDocument> parse_xml(std::string_view text);

/// `text` with the five characters that mean something in XML escaped.
std::string xml_escape(std::string_view text);

}  // namespace accel::backend
