#include "accel/backend/xml.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace accel::backend {

namespace {

constexpr std::size_t kMaxDepth = 16;

struct Entity {
  std::string_view name, text;
};
constexpr std::array<Entity, 5> kEntities = {{{"lt", "<"}, {"gt", ">"}, {"amp", "&"}, {"quot", "\""}, {"apos", "'"}}};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0U | (code >> 6U));
    put(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    put(0xE0U | (code >> 12U));
    put(0x80U | ((code >> 6U) & 0x3FU));
    put(0x80U | (code & 0x3FU));
  } else {
    put(0xF0U | (code >> 18U));
    put(0x80U | ((code >> 12U) & 0x3FU));
    put(0x80U | ((code >> 6U) & 0x3FU));
    put(0x80U | (code & 0x3FU));
  }
}

/// "&#65;", "&#x41;" and the five named ones; `name` is what stands between '&' and ';'.
bool append_entity(std::string& out, std::string_view name) {
  if (name.starts_with('#')) {
    name.remove_prefix(1);
    const bool hex = name.starts_with('x');
    if (hex) name.remove_prefix(1);
    std::uint32_t code = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), code, hex ? 16 : 10);
    if (error != std::errc() || end != name.data() + name.size() || name.empty()) return false;
    if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
    append_utf8(out, code);
    return true;
  }
  const auto found = std::find_if(kEntities.begin(), kEntities.end(), [&](const Entity& e) { return e.name == name; });
  if (found == kEntities.end()) return false;
  out += found->text;
  return true;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  std::optional<XmlDocument> run() {
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
    XmlDocument document;
    std::vector<std::string> open;
    bool ended = false;
    while (true) {
      const std::size_t tag = std::min(rest_.find('<'), rest_.size());
      if (!take_text(rest_.substr(0, tag), open, document)) return std::nullopt;
      rest_.remove_prefix(tag);
      if (rest_.empty()) break;
      if (rest_.starts_with("<?")) {
        if (!skip("?>")) return std::nullopt;
      } else if (rest_.starts_with("<!--")) {
        if (!skip("-->")) return std::nullopt;
      } else if (rest_.starts_with("</")) {
        if (!close(open)) return std::nullopt;
        ended = open.empty();
      } else {
        if (ended || open.size() == kMaxDepth || !begin(open, document)) return std::nullopt;
        ended = open.empty();  // an empty root
      }
    }
    if (!ended) return std::nullopt;
    return document;
  }

 private:
  bool skip(std::string_view end) {
    const std::size_t at = rest_.find(end);
    if (at == std::string_view::npos) return false;
    rest_.remove_prefix(at + end.size());
    return true;
  }

  static bool take_text(std::string_view raw, const std::vector<std::string>& open, XmlDocument& document) {
    std::string text;
    while (!raw.empty()) {
      const std::size_t ampersand = raw.find('&');
      text += raw.substr(0, ampersand);
      if (ampersand == std::string_view::npos) break;
      raw.remove_prefix(ampersand + 1);
      const std::size_t end = raw.find(';');
      if (end == std::string_view::npos || !append_entity(text, raw.substr(0, end))) return false;
      raw.remove_prefix(end + 1);
    }
    if (open.empty()) return std::all_of(text.begin(), text.end(), is_space);
    if (open.size() == 2) document.children.back().second += text;
    return true;
  }

  /// What follows '<' or '</' up to '>', which is taken too; quoted attribute values may hold '>'.
  std::optional<std::string_view> take_tag() {
    char quote = 0;
    for (std::size_t at = 0; at < rest_.size(); ++at) {
      const char c = rest_[at];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '>') {
        const auto tag = rest_.substr(0, at);
        rest_.remove_prefix(at + 1);
        return tag;
      } else if (c == '<') {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  /// The name at the front; "" when it is none.
  static std::string_view name_of(std::string_view tag) {
    const auto fits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
             c == '.' || c == ':';
    };
    const auto end = std::find_if_not(tag.begin(), tag.end(), fits);
    const auto size = static_cast<std::size_t>(end - tag.begin());
    if (size < tag.size() && !is_space(tag[size])) return {};
    return tag.substr(0, size);
  }

  static std::string_view local(std::string_view name) {
    const std::size_t colon = name.rfind(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
  }

  bool begin(std::vector<std::string>& open, XmlDocument& document) {
    rest_.remove_prefix(1);
    auto tag = take_tag();
    if (!tag) return false;
    const bool empty = tag->ends_with('/');
    if (empty) tag->remove_suffix(1);
    const auto name = name_of(*tag);
    if (name.empty()) return false;
    if (open.empty()) document.root = local(name);
    if (open.size() == 1) document.children.emplace_back(local(name), "");
    if (!empty) open.emplace_back(name);
    return true;
  }

  bool close(std::vector<std::string>& open) {
    rest_.remove_prefix(2);
    const auto tag = take_tag();
    if (!tag || open.empty()) return false;
    if (name_of(*tag) != open.back()) return false;
    open.pop_back();
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::string_view XmlDocument::text(std::string_view name) const noexcept {
  for (const auto& [key, value] : children) {
    if (key == name) return value;
  }
  return {};
}

std::optional<XmlDocument> parse_xml(std::string_view text) { return Parser(text).run(); }

std::string xml_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto found =
        std::find_if(kEntities.begin(), kEntities.end(), [&](const Entity& e) { return e.text[0] == c; });
    if (found == kEntities.end()) {
      out += c;
    } else {
      out += "&" + std::string(found->name) + ";";
    }
  }
  return out;
}

}  // namespace accel::backend
