#include "accel/formats/jtoc/writer.hpp"

#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "accel/formats/jtoc/timestamp.hpp"

namespace accel::formats::jtoc {

namespace {

void append_text(std::string_view text, Buffer& out) { out.append(as_bytes(text)); }

/// A JSON string. Only what RFC 8259 demands is escaped; readers take the rest as it is (estargz.md 5.1).
void append_quoted(std::string_view text, Buffer& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  append_text("\"", out);
  std::size_t plain = 0;  // start of the run that needs no escape
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    append_text(text.substr(plain, i - plain), out);
    plain = i + 1;
    if (c == '"' || c == '\\') {
      const std::array<char, 2> escape = {'\\', text[i]};
      append_text({escape.data(), escape.size()}, out);
    } else {
      const std::array<char, 6> escape = {'\\', 'u', '0', '0', kHex[c >> 4U], kHex[c & 15U]};
      append_text({escape.data(), escape.size()}, out);
    }
  }
  append_text(text.substr(plain), out);
  append_text("\"", out);
}

/// Writes the members of one object, leaving out what is zero or empty.
class ObjectText {
 public:
  explicit ObjectText(Buffer& out) : out_(out) { append_text("{", out_); }

  /// The key of the next member; always written.
  void key(std::string_view name) {
    append_text(std::exchange(first_, false) ? "\"" : ",\"", out_);
    append_text(name, out_);
    append_text("\":", out_);
  }
  void text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    key(name);
    append_quoted(value, out_);
  }
  void number(std::string_view name, std::uint64_t value) {
    if (value == 0) return;
    key(name);
    std::array<char, 20> digits;
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    append_text({digits.data(), static_cast<std::size_t>(end - digits.data())}, out_);
  }
  void time(std::string_view name, const std::optional<tar::Time>& value) {
    if (!value) return;
    key(name);
    append_text("\"", out_);
    append_timestamp(*value, out_);
    append_text("\"", out_);
  }
  void digest(std::string_view name, const hash::Digest& value) {
    if (value.empty()) return;
    key(name);
    append_text("\"", out_);
    append_text(value.to_string(), out_);
    append_text("\"", out_);
  }
  void xattrs(std::string_view name, const std::vector<std::pair<std::string, std::string>>& values) {
    if (values.empty()) return;
    key(name);
    ObjectText inner(out_);
    for (const auto& [attribute, value] : values) {
      inner.key_quoted(attribute);
      append_text("\"", out_);
      append_text(base64_encode(as_bytes(value)), out_);
      append_text("\"", out_);
    }
    inner.end();
  }
  void end() { append_text("}", out_); }

 private:
  void key_quoted(std::string_view name) {
    if (!std::exchange(first_, false)) append_text(",", out_);
    append_quoted(name, out_);
    append_text(":", out_);
  }

  Buffer& out_;
  bool first_ = true;
};

}  // namespace

void append_entry(const Entry& entry, Buffer& out) {
  ObjectText object(out);
  object.key("name");
  append_quoted(entry.name, out);
  object.text("type", to_string(entry.kind));
  object.number("size", entry.size);
  object.time("modtime", entry.modtime);
  object.time("accesstime", entry.accesstime);
  object.time("changetime", entry.changetime);
  object.text("linkName", entry.link_name);
  object.number("mode", entry.mode);
  object.number("uid", entry.uid);
  object.number("gid", entry.gid);
  object.text("userName", entry.user_name);
  object.text("groupName", entry.group_name);
  object.number("offset", entry.offset);
  object.number("endOffset", entry.end_offset);
  object.number("innerOffset", entry.inner_offset);
  object.number("devMajor", entry.device_major);
  object.number("devMinor", entry.device_minor);
  object.xattrs("xattrs", entry.xattrs);
  object.digest("digest", entry.digest);
  object.number("chunkOffset", entry.chunk_offset);
  object.number("chunkSize", entry.chunk_size);
  object.digest("chunkDigest", entry.chunk_digest);
  if (entry.zeros) object.text("chunkType", "zeros");
  object.end();
}

TocWriter::TocWriter(std::size_t front_bytes) {
  json_.resize(front_bytes);
  append_text("{\"version\":", json_);
  append_text(std::to_string(kTocVersion), json_);
  append_text(",\"entries\":[", json_);
}

void TocWriter::add(const Entry& entry) {
  if (!std::exchange(first_, false)) append_text(",", json_);
  append_entry(entry, json_);
}

void TocWriter::add_text(ByteView comma_led_entries) { json_.append(comma_led_entries); }

Buffer TocWriter::finish(const hash::Digest& tar_split_digest) {
  append_text("]", json_);
  if (!tar_split_digest.empty()) {
    append_text(",\"tarSplitDigest\":\"", json_);
    append_text(tar_split_digest.to_string(), json_);
    append_text("\"", json_);
  }
  append_text("}", json_);
  return std::move(json_);
}

}  // namespace accel::formats::jtoc
