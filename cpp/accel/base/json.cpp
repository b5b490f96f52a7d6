#include "accel/base/json.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "accel/base/error.hpp"

namespace accel::json {

namespace {

/// At most 80 bytes of a member's name, for messages; cut between characters.
std::string clip(std::string_view name) {
  constexpr std::size_t kMost = 80;
  if (name.size() <= kMost) return std::string(name);
  std::size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80U) --end;
  return std::string(name.substr(0, end)) + "…";
}

/// Judges a document event by event and keeps nothing of it but the keys of the objects that are open.
class Checker {
 public:
  Checker(std::string_view what, const Limits& limits) : what_(what), limits_(limits) {}

  bool null() { return count(); }
  bool boolean(bool) { return count(); }
  bool number_integer(std::int64_t) { return count(); }
  bool number_unsigned(std::uint64_t) { return count(); }
  bool number_float(double, const std::string&) { return count(); }
  bool string(std::string&) { return count(); }
  bool binary(nlohmann::json::binary_t&) { return count(); }
  bool start_object(std::size_t) { return open(); }
  bool start_array(std::size_t) { return open(); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    if (!keys_.back().insert(name).second) {
      throw FormatError(what_ + ": key \"" + clip(name) + "\" occurs twice in one object",
                        "readers disagree about which one counts; have the document written anew");
    }
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& error) {
    constexpr int kNumberOverflow = 406;  // nlohmann's id of out_of_range for numbers
    throw FormatError(what_ + (error.id == kNumberOverflow ? ": number out of range" : ": this is no JSON"),
                      FormatError::Where{{}, {}, position == 0 ? 0 : position - 1});
  }

 private:
  bool count() {
    if (++values_ > limits_.max_values) {
      throw FormatError(what_ + ": more than " + std::to_string(limits_.max_values) + " JSON values");
    }
    return true;
  }
  bool open() {
    if (keys_.size() == limits_.max_depth) {
      throw FormatError(what_ + ": JSON nested deeper than " + std::to_string(limits_.max_depth) + " levels");
    }
    keys_.emplace_back();
    return count();
  }
  bool close() {
    keys_.pop_back();
    return true;
  }

  const std::string what_;
  const Limits& limits_;
  std::vector<std::set<std::string>> keys_;  // a set, not a hash table: its cost does not depend on who chose the keys
  std::size_t values_ = 0;
};

// The functions below walk text that `parse` accepted, so every string, array and object is known to end.

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

std::size_t skip_string(std::string_view text, std::size_t at) {
  for (++at; text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

std::size_t skip_value(std::string_view text, std::size_t at) {
  if (text[at] == '"') return skip_string(text, at);
  if (text[at] != '{' && text[at] != '[') {
    while (at < text.size() && !is_space(text[at]) && text[at] != ',' && text[at] != ']' && text[at] != '}') ++at;
    return at;
  }
  for (std::size_t depth = 0;;) {
    const char c = text[at];
    if (c == '"') {
      at = skip_string(text, at);
      continue;
    }
    ++at;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return at;
  }
}

std::string unquote(std::string_view raw) {
  if (raw.find('\\') == std::string_view::npos) return std::string(raw.substr(1, raw.size() - 2));
  return nlohmann::json::parse(raw).get<std::string>();
}

}  // namespace

std::string Value::compact() const {
  std::string text;
  for (std::size_t at = 0; at < raw_.size();) {
    if (raw_[at] == '"') {
      const std::size_t end = skip_string(raw_, at);
      text += raw_.substr(at, end - at);
      at = end;
    } else {
      if (!is_space(raw_[at])) text += raw_[at];
      ++at;
    }
  }
  return text;
}

void Value::fail(std::string_view problem) const { throw FormatError(path_ + ": " + std::string(problem)); }

void Value::fail_type(std::string_view wanted) const {
  std::string got;
  switch (raw_.front()) {
    case '{':
      got = "an object";
      break;
    case '[':
      got = "an array";
      break;
    case '"':
      got = "a string";
      break;
    default:
      got = raw_.substr(0, 40);  // a number, true, false or null
  }
  fail("want " + std::string(wanted) + ", got " + got);
}

std::string Value::text() const {
  if (raw_.front() != '"') fail_type("a string");
  return unquote(raw_);
}

std::uint64_t Value::unsigned_integer() const {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(raw_.data(), raw_.data() + raw_.size(), number);
  if (error != std::errc{} || end != raw_.data() + raw_.size()) fail_type("a non-negative integer of at most 64 bits");
  return number;
}

bool Value::boolean() const {
  if (raw_ != "true" && raw_ != "false") fail_type("true or false");
  return raw_ == "true";
}

Object Value::object() const {
  if (raw_.front() != '{') fail_type("an object");
  std::vector<Object::Member> members;
  for (std::size_t at = skip_space(raw_, 1); raw_[at] != '}';) {
    const std::size_t name_end = skip_string(raw_, at);
    const std::size_t begin = skip_space(raw_, skip_space(raw_, name_end) + 1);  // past ':'
    const std::size_t end = skip_value(raw_, begin);
    members.push_back({unquote(raw_.substr(at, name_end - at)), raw_.substr(begin, end - begin)});
    at = skip_space(raw_, end);
    if (raw_[at] == ',') at = skip_space(raw_, at + 1);
  }
  return {std::move(members), path_};
}

std::vector<Value> Value::elements(std::size_t max) const {
  if (raw_.front() != '[') fail_type("an array");
  std::vector<Value> elements;
  for (std::size_t at = skip_space(raw_, 1); raw_[at] != ']';) {
    if (elements.size() == max) fail("more than " + std::to_string(max) + " elements");
    const std::size_t end = skip_value(raw_, at);
    elements.emplace_back(raw_.substr(at, end - at), path_ + "[" + std::to_string(elements.size()) + "]");
    at = skip_space(raw_, end);
    if (raw_[at] == ',') at = skip_space(raw_, at + 1);
  }
  return elements;
}

std::optional<Value> Object::find(std::string_view name) const {
  const auto member = std::find_if(members_.begin(), members_.end(), [&](const Member& m) { return m.name == name; });
  if (member == members_.end() || member->raw == "null") return std::nullopt;
  return value(*member);
}

Value Object::at(std::string_view name) const {
  auto found = find(name);
  if (!found) throw FormatError(path_ + ": no member \"" + std::string(name) + "\"");
  return *std::move(found);
}

bool Object::contains(std::string_view name) const noexcept {
  return std::any_of(members_.begin(), members_.end(), [&](const Member& m) { return m.name == name; });
}

Value Object::value(const Member& member) const {
  // The root's path is the document's name alone; members follow it after ": ", deeper ones after ".".
  return {member.raw, path_ + (path_.find(": ") == std::string::npos ? ": " : ".") + clip(member.name)};
}

Value parse(std::string_view text, std::string_view what, const Limits& limits) {
  const std::string document(what);
  if (text.size() > limits.max_bytes) {
    throw FormatError(document + ": " + std::to_string(text.size()) + " bytes of JSON, at most " +
                      std::to_string(limits.max_bytes) + " are read");
  }
  // QUIRK: nlohmann 3.11 skips a byte order mark and takes NUL for the end of the text; JSON allows neither.
  const std::size_t zero = text.find('\0');
  if (zero != std::string_view::npos || text.substr(0, 3) == "\xEF\xBB\xBF") {
    throw FormatError(document + ": this is no JSON",
                      FormatError::Where{{}, {}, zero == std::string_view::npos ? 0 : zero});
  }
  Checker checker(what, limits);
  nlohmann::json::sax_parse(text, &checker);
  const std::size_t begin = skip_space(text, 0);
  return {text.substr(begin, skip_value(text, begin) - begin), document};
}

std::string quote(std::string_view text) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::type_error&) {
    throw FormatError("text for a JSON document is not UTF-8");
  }
}

void ObjectWriter::add(std::string_view name, std::string_view raw) {
  if (text_.size() > 1) text_ += ',';
  text_ += quote(name);
  text_ += ':';
  text_ += raw;
}

std::string ObjectWriter::finish() { return std::move(text_) + "}"; }

std::string array(const std::vector<std::string>& elements) {
  std::string text = "[";
  for (const auto& element : elements) {
    if (text.size() > 1) text += ',';
    text += element;
  }
  return text + "]";
}

}  // namespace accel::json
