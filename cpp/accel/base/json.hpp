/// JSON documents that others wrote: checked once against limits, then read in place.
///
/// nlohmann's parser judges the text; its DOM is not used, because documents must come out as they went in: a DOM
/// loses the order of members, the digits of big numbers and duplicate keys, and costs twenty times the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace accel::json {

/// What a document may be at most.
struct Limits {
  std::size_t max_bytes = 16U << 20U;
  std::size_t max_depth = 64;          ///< arrays and objects inside each other
  std::size_t max_values = 2'000'000;  ///< values of all kinds, those inside others counted too
};

class Object;

/// One value inside a document. Views the text, which must outlive it; carries the way to the value for messages.
/// The readers throw FormatError, naming that way, when the value is of another type.
class Value {
 public:
  /// `raw` must be one value of a text that `parse` accepted.
  Value(std::string_view raw, std::string path) : raw_(raw), path_(std::move(path)) {}

  /// The value's text, verbatim.
  [[nodiscard]] std::string_view raw() const noexcept { return raw_; }
  /// The value's text without white space between tokens.
  [[nodiscard]] std::string compact() const;
  /// Where it stands: "manifest: layers[3].size".
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] bool is_null() const noexcept { return raw_ == "null"; }

  /// A string, escapes resolved.
  [[nodiscard]] std::string text() const;
  /// A number without sign, fraction and exponent that fits 64 bits.
  [[nodiscard]] std::uint64_t unsigned_integer() const;
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] Object object() const;
  /// The elements of an array; FormatError when there are more than `max`.
  [[nodiscard]] std::vector<Value> elements(std::size_t max = SIZE_MAX) const;

  /// Throws FormatError: `<path>: <problem>`.
  [[noreturn]] void fail(std::string_view problem) const;

 private:
  [[noreturn]] void fail_type(std::string_view wanted) const;
  std::string_view raw_;
  std::string path_;
};

/// The members of one JSON object, in the order of the document.
class Object {
 public:
  struct Member {
    std::string name;
    std::string_view raw;  ///< the value's text
  };

  Object(std::vector<Member> members, std::string path) : members_(std::move(members)), path_(std::move(path)) {}

  [[nodiscard]] const std::vector<Member>& members() const noexcept { return members_; }
  /// The member as a value; nothing when it is absent or null (Go writes null for what is not set).
  [[nodiscard]] std::optional<Value> find(std::string_view name) const;
  /// Like find; FormatError when there is none.
  [[nodiscard]] Value at(std::string_view name) const;
  /// True when the member is there, whatever its value.
  [[nodiscard]] bool contains(std::string_view name) const noexcept;
  [[nodiscard]] Value value(const Member& member) const;

 private:
  std::vector<Member> members_;
  std::string path_;
};

/// Checks `text` and gives its root value. `what` names the document in messages ("manifest").
/// Throws FormatError on what is no JSON (RFC 8259, UTF-8), on a key that an object holds twice (readers disagree about
/// which one counts) and beyond `limits`.
Value parse(std::string_view text, std::string_view what, const Limits& limits = {});

/// `text` as a JSON string, with its quotation marks. Throws FormatError when it is not UTF-8.
std::string quote(std::string_view text);

/// Builds the compact text of an object, members in the order they are added.
class ObjectWriter {
 public:
  /// Adds a member whose value is the JSON text `raw`.
  void add(std::string_view name, std::string_view raw);
  void add_text(std::string_view name, std::string_view text) { add(name, quote(text)); }
  /// Ends the object. Nothing may be added after it.
  [[nodiscard]] std::string finish();

 private:
  std::string text_ = "{";
};

/// The compact text of an array of JSON texts.
std::string array(const std::vector<std::string>& elements);

}  // namespace accel::json
