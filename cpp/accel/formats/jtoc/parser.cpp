#include "accel/formats/jtoc/parser.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/jtoc/timestamp.hpp"
#include "accel/hash/hasher.hpp"

namespace accel::formats::jtoc {

namespace {

/// The document as single characters, hashed and counted block by block.
class CharacterSource {
 public:
  CharacterSource(io::ByteStream& stream, std::uint64_t max_bytes) : stream_(stream), max_bytes_(max_bytes) {
    block_.resize(kBlockBytes);
    refill();
  }

  [[nodiscard]] bool at_end() const noexcept { return position_ == filled_; }
  [[nodiscard]] char current() const noexcept { return static_cast<char>(block_.data()[position_]); }
  void advance() {
    if (++position_ == filled_) refill();
  }
  [[nodiscard]] char last() const noexcept { return last_; }
  hash::Hasher& hasher() noexcept { return hasher_; }

 private:
  static constexpr std::size_t kBlockBytes = 64U << 10U;

  void refill() {
    position_ = 0;
    filled_ = stream_.read({block_.data(), block_.size()});
    if (filled_ == 0) return;
    hasher_.update(block_.view().first(filled_));
    if (hasher_.length() > max_bytes_) {
      throw FormatError("the TOC has more than " + std::to_string(max_bytes_) + " bytes");
    }
    last_ = static_cast<char>(block_.data()[filled_ - 1]);
  }

  io::ByteStream& stream_;
  const std::uint64_t max_bytes_;
  hash::Hasher hasher_;
  Buffer block_;
  std::size_t position_ = 0;
  std::size_t filled_ = 0;
  char last_ = '\0';
};

/// What nlohmann reads from; all copies share the source.
class CharacterIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = char;

  CharacterIterator() = default;  // the end
  explicit CharacterIterator(CharacterSource& source) : source_(&source) {}

  char operator*() const { return source_->current(); }
  CharacterIterator& operator++() {
    source_->advance();
    return *this;
  }
  void operator++(int) { source_->advance(); }
  friend bool operator==(const CharacterIterator& a, const CharacterIterator& b) { return a.at_end() == b.at_end(); }

 private:
  [[nodiscard]] bool at_end() const { return source_ == nullptr || source_->at_end(); }
  CharacterSource* source_ = nullptr;
};

enum class Key : std::uint8_t {
  name,
  type,
  size,
  modtime,
  accesstime,
  changetime,
  link_name,
  mode,
  uid,
  gid,
  user_name,
  group_name,
  offset,
  end_offset,
  inner_offset,
  device_major,
  device_minor,
  xattrs,
  digest,
  chunk_offset,
  chunk_size,
  chunk_digest,
  chunk_type,
  unknown
};

constexpr std::array<std::string_view, 23> kKeyNames = {
    "name",     "type",   "size",     "modtime",     "accesstime", "changetime",  "linkname",    "mode",
    "uid",      "gid",    "username", "groupname",   "offset",     "endoffset",   "inneroffset", "devmajor",
    "devminor", "xattrs", "digest",   "chunkoffset", "chunksize",  "chunkdigest", "chunktype"};

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

Key find_key(std::string_view name) {
  const auto found = std::find(kKeyNames.begin(), kKeyNames.end(), name);
  return static_cast<Key>(found - kKeyNames.begin());
}

/// Takes nlohmann's events. The names of the methods are the library's.
class TocHandler final : public nlohmann::json_sax<nlohmann::json> {
 public:
  TocHandler(Toc& toc, const ParseLimits& limits) : toc_(toc), limits_(limits) {}

  bool null() override {
    return scalar([](auto&) {});
  }
  bool boolean(bool) override { return wrong_type("true or false"); }
  bool number_integer(number_integer_t value) override {
    return value >= 0 ? number_unsigned(static_cast<number_unsigned_t>(value)) : wrong_type("a negative number");
  }
  bool number_unsigned(number_unsigned_t value) override {
    return scalar([&](TocHandler& self) { self.set_number(value); });
  }
  bool number_float(number_float_t, const string_t&) override { return wrong_type("a number with a fraction"); }
  bool string(string_t& value) override {
    return scalar([&](TocHandler& self) { self.set_text(value); });
  }
  bool binary(binary_t&) override { return wrong_type("binary data"); }
  bool start_object(std::size_t) override;
  bool key(string_t& name) override;
  bool end_object() override;
  bool start_array(std::size_t) override;
  bool end_array() override;
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& error) override {
    // The library's text quotes the input; only its class of error and the place are passed on.
    throw FormatError("the TOC is no valid JSON (error " + std::to_string(error.id) + ")",
                      FormatError::Where{{}, {}, position});
  }

 private:
  /// Where in the document the parser is. Everything unknown is inside `skipping`, whatever its depth.
  enum class State : std::uint8_t { start, top, entries, entry, xattrs, done };
  static constexpr std::size_t kMaxSkippedDepth = 64;

  bool skipping() const noexcept { return skipped_depth_ > 0; }
  bool known_value() const noexcept;
  template <class Set>
  bool scalar(const Set& set);
  void set_number(std::uint64_t value);
  void set_text(std::string& value);
  void set_entry_text(std::string& value);
  bool wrong_type(std::string_view what);
  bool descend();
  void finish_entry();
  std::uint32_t to_32_bits(std::uint64_t value) const;
  [[noreturn]] void fail(const std::string& problem) const;

  Toc& toc_;
  const ParseLimits& limits_;
  State state_ = State::start;
  std::size_t skipped_depth_ = 0;
  std::string top_key_;
  std::vector<std::string> seen_top_keys_;
  Key key_ = Key::unknown;
  std::uint32_t seen_keys_ = 0;
  std::string xattr_name_;
};

void TocHandler::fail(const std::string& problem) const {
  FormatError::Where where;
  std::string text = "TOC";
  if (state_ == State::entry || state_ == State::xattrs) {
    text += " entry " + std::to_string(toc_.entries.size() - 1);
    where.path = toc_.entries.back().name;
  }
  throw FormatError(text + ": " + problem, std::move(where));
}

/// True when the value that begins now means something to us.
bool TocHandler::known_value() const noexcept {
  if (skipping()) return false;
  if (state_ == State::entry) return key_ != Key::unknown;
  if (state_ == State::top) return top_key_ == "version" || top_key_ == "entries" || top_key_ == "tarsplitdigest";
  return true;
}

template <class Set>
bool TocHandler::scalar(const Set& set) {
  if (!known_value()) return true;
  if (state_ == State::start || state_ == State::entries) return wrong_type("a value that is no object");
  set(*this);
  return true;
}

bool TocHandler::wrong_type(std::string_view what) {
  if (!known_value()) return true;
  std::string place = "an element";
  if (state_ == State::top) place = top_key_;
  if (state_ == State::entry) place = kKeyNames[static_cast<std::size_t>(key_)];
  if (state_ == State::xattrs) place = "xattrs." + xattr_name_;
  fail(place + " is " + std::string(what));
}

std::uint32_t TocHandler::to_32_bits(std::uint64_t value) const {
  if (value > UINT32_MAX) fail(std::string(kKeyNames[static_cast<std::size_t>(key_)]) + " is out of range");
  return static_cast<std::uint32_t>(value);
}

void TocHandler::set_number(std::uint64_t value) {
  // Go readers hold these numbers in 64 bits with a sign.
  if (value > static_cast<std::uint64_t>(INT64_MAX)) fail("a number is out of range");
  if (state_ == State::top && top_key_ == "version") {
    toc_.version = value;
    return;
  }
  if (state_ != State::entry) {
    wrong_type("a number");
    return;
  }
  Entry& entry = toc_.entries.back();
  switch (key_) {
    case Key::size:
      entry.size = value;
      return;
    case Key::mode:
      entry.mode = to_32_bits(value);
      return;
    case Key::uid:
      entry.uid = value;
      return;
    case Key::gid:
      entry.gid = value;
      return;
    case Key::offset:
      entry.offset = value;
      return;
    case Key::end_offset:
      entry.end_offset = value;
      return;
    case Key::inner_offset:
      entry.inner_offset = value;
      return;
    case Key::device_major:
      entry.device_major = to_32_bits(value);
      return;
    case Key::device_minor:
      entry.device_minor = to_32_bits(value);
      return;
    case Key::chunk_offset:
      entry.chunk_offset = value;
      return;
    case Key::chunk_size:
      entry.chunk_size = value;
      return;
    default:
      wrong_type("a number");
  }
}

hash::Digest parse_digest(const std::string& text, const char* key) {
  hash::Digest digest = hash::Digest::try_parse(text);
  if (digest.empty() || digest.algorithm() != hash::Algorithm::sha256) {
    throw FormatError(std::string(key) + " of the TOC is no sha256 digest");
  }
  return digest;
}

void TocHandler::set_text(std::string& value) {
  if (state_ == State::entry) return set_entry_text(value);
  if (state_ == State::top && top_key_ == "tarsplitdigest") {
    if (!value.empty()) toc_.tar_split_digest = parse_digest(value, "tarSplitDigest");
    return;
  }
  if (state_ != State::xattrs) {
    wrong_type("a string");
    return;
  }
  Bytes raw;
  if (!base64_decode(value, raw)) fail("xattr " + xattr_name_ + " is no base64");
  toc_.entries.back().xattrs.emplace_back(xattr_name_, as_text(raw));
}

void TocHandler::set_entry_text(std::string& value) {
  Entry& entry = toc_.entries.back();
  const auto time = [&] {
    const std::optional<tar::Time> parsed = parse_timestamp(value);
    if (!parsed) fail("\"" + value.substr(0, 40) + "\" is no RFC 3339 time");
    return parsed;
  };
  switch (key_) {
    case Key::name:
      entry.name = std::move(value);
      return;
    case Key::type: {
      const std::optional<EntryKind> kind = parse_kind(value);
      if (!kind) fail("unknown type \"" + value.substr(0, 40) + "\"");
      entry.kind = *kind;
      return;
    }
    case Key::modtime:
      entry.modtime = time();
      return;
    case Key::accesstime:
      entry.accesstime = time();
      return;
    case Key::changetime:
      entry.changetime = time();
      return;
    case Key::link_name:
      entry.link_name = std::move(value);
      return;
    case Key::user_name:
      entry.user_name = std::move(value);
      return;
    case Key::group_name:
      entry.group_name = std::move(value);
      return;
    case Key::digest:
      entry.digest = value.empty() ? hash::Digest{} : parse_digest(value, "digest");
      return;
    case Key::chunk_digest:
      entry.chunk_digest = value.empty() ? hash::Digest{} : parse_digest(value, "chunkDigest");
      return;
    case Key::chunk_type:
      entry.zeros = value == "zeros";
      return;  // an unknown type is data (zstdchunked.md 3.5)
    default:
      wrong_type("a string");
  }
}

/// Begins an object or array; true when it is one to look into.
bool TocHandler::descend() {
  if (known_value()) return true;
  if (++skipped_depth_ > kMaxSkippedDepth) throw FormatError("the TOC nests deeper than any TOC does");
  return false;
}

bool TocHandler::start_object(std::size_t) {
  if (!descend()) return true;
  if (state_ == State::start) {
    state_ = State::top;
  } else if (state_ == State::entries) {
    if (toc_.entries.size() >= limits_.max_entries) {
      throw FormatError("the TOC has more than " + std::to_string(limits_.max_entries) + " entries");
    }
    toc_.entries.emplace_back();
    seen_keys_ = 0;
    state_ = State::entry;
  } else if (state_ == State::entry && key_ == Key::xattrs) {
    state_ = State::xattrs;
  } else {
    return wrong_type("an object");
  }
  return true;
}

bool TocHandler::key(string_t& name) {
  if (skipping()) return true;
  if (state_ == State::xattrs) {
    xattr_name_ = std::move(name);
    return true;
  }
  const std::string lowered = lower(name);
  if (state_ == State::top) {
    if (std::find(seen_top_keys_.begin(), seen_top_keys_.end(), lowered) != seen_top_keys_.end()) {
      fail("key \"" + name.substr(0, 40) + "\" twice");
    }
    top_key_ = lowered;
    if (known_value()) seen_top_keys_.push_back(lowered);
    return true;
  }
  key_ = find_key(lowered);
  if (key_ == Key::unknown) return true;
  const std::uint32_t bit = 1U << static_cast<unsigned>(key_);
  if ((seen_keys_ & bit) != 0) fail("key \"" + name + "\" twice");
  seen_keys_ |= bit;
  return true;
}

bool TocHandler::end_object() {
  if (skipping()) {
    --skipped_depth_;
    return true;
  }
  if (state_ == State::xattrs) {
    auto& xattrs = toc_.entries.back().xattrs;
    std::sort(xattrs.begin(), xattrs.end());
    const auto same_name = [](const auto& a, const auto& b) { return a.first == b.first; };
    if (std::adjacent_find(xattrs.begin(), xattrs.end(), same_name) != xattrs.end()) fail("an xattr twice");
    state_ = State::entry;
  } else if (state_ == State::entry) {
    const std::uint32_t needed = 1U << static_cast<unsigned>(Key::name) | 1U << static_cast<unsigned>(Key::type);
    if ((seen_keys_ & needed) != needed) fail("name or type is missing");
    state_ = State::entries;
  } else {
    state_ = State::done;
  }
  return true;
}

bool TocHandler::start_array(std::size_t) {
  if (!descend()) return true;
  if (state_ != State::top || top_key_ != "entries") return wrong_type("an array");
  state_ = State::entries;
  return true;
}

bool TocHandler::end_array() {
  if (skipping()) {
    --skipped_depth_;
  } else {
    state_ = State::top;
  }
  return true;
}

}  // namespace

ParsedToc parse_toc(io::ByteStream& json, const ParseLimits& limits) {
  CharacterSource source(json, limits.max_bytes);
  ParsedToc parsed;
  TocHandler handler(parsed.toc, limits);
  nlohmann::json::sax_parse(CharacterIterator(source), CharacterIterator(), &handler);
  parsed.bytes = source.hasher().length();
  parsed.digest = source.hasher().finish();
  parsed.ends_with_brace = source.last() == '}';
  return parsed;
}

}  // namespace accel::formats::jtoc
