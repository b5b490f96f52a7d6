/// Makes tar streams for tests, good and broken, independent of accel::tar's writer.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "accel/base/bytes.hpp"

namespace accel::testing {

enum class TarDialect { v7, ustar, gnu };

/// One header block as a test wants it.
struct TarHeader {
  std::string name;
  char type = '0';
  std::string link_name = {};
  std::uint32_t mode = 0644;
  std::uint64_t uid = 0, gid = 0;
  std::uint64_t mtime = 0;
  std::optional<std::uint64_t> size = {};  ///< that of the content unless set
  std::string user_name = {}, group_name = {}, prefix = {};
  std::uint32_t device_major = 0, device_minor = 0;
  TarDialect dialect = TarDialect::ustar;
  /// Changes the finished block of 512 bytes before its checksum is set.
  std::function<void(std::string& block)> patch = {};
  bool break_checksum = false;
};

using PaxList = std::vector<std::pair<std::string, std::string>>;

/// Pieces of a stream, in the order of the calls. Nothing is added by itself; `end` writes the end-of-archive blocks.
class TarBuilder {
 public:
  TarBuilder& file(std::string name, std::string_view content = {}, std::uint32_t mode = 0644);
  TarBuilder& directory(std::string name, std::uint32_t mode = 0755);
  TarBuilder& symlink(std::string name, std::string target);
  TarBuilder& hardlink(std::string name, std::string target);
  /// `type` is '3' (character) or '4' (block).
  TarBuilder& device(std::string name, char type, std::uint32_t major, std::uint32_t minor);
  TarBuilder& fifo(std::string name);

  /// A header block, the content and its padding.
  TarBuilder& entry(const TarHeader& header, std::string_view content = {});
  /// A PAX header for the next entry, or, with type 'g', for all that follow.
  TarBuilder& pax(const PaxList& records, char type = 'x');
  /// The same with any payload.
  TarBuilder& pax_payload(std::string_view payload, char type = 'x');
  TarBuilder& gnu_long_name(std::string_view name);
  TarBuilder& gnu_long_link(std::string_view target);
  /// Bytes as they are.
  TarBuilder& raw(std::string_view bytes);
  TarBuilder& zero_blocks(std::size_t count);
  TarBuilder& end() { return zero_blocks(2); }

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] Bytes bytes() const { return to_bytes(as_bytes(text_)); }

 private:
  std::string text_;
};

/// One PAX record with its length.
std::string pax_record(std::string_view key, std::string_view value);
/// `value` as a base-256 field of `width` bytes.
std::string base256(std::int64_t value, std::size_t width);
/// Octal digits with leading zeros, `width` in all.
std::string octal(std::uint64_t value, std::size_t width);
/// An array of offset/size pairs of an old GNU sparse header, NUL-filled to `pairs` pairs.
std::string gnu_sparse_array(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& map, std::size_t pairs);
/// Sets the checksum of a block of 512 bytes.
void set_tar_checksum(std::string& block);

}  // namespace accel::testing
