/// Reads the header of a gzip member, whatever fields it has. Internal to codec.
#pragma once

#include <cstddef>
#include <cstdint>

#include "accel/base/bytes.hpp"

namespace accel::codec {

/// Takes a header in pieces of any size. Spec: RFC 1952 section 2.3.
class GzipHeaderParser {
 public:
  /// `offset`: where the member starts in its stream, for errors.
  explicit GzipHeaderParser(std::uint64_t offset) : offset_(offset) {}

  /// Takes bytes up to the end of the header; returns how many. Throws FormatError when it is none.
  std::size_t feed(ByteView bytes);
  [[nodiscard]] bool done() const noexcept { return stage_ == Stage::done; }

 private:
  enum class Stage : std::uint8_t { fixed, extra_length, extra, name, comment, checksum, done };

  void step(std::uint8_t byte);
  void fixed(std::uint8_t byte);
  void enter(Stage stage);
  [[noreturn]] void fail(const char* what) const;

  std::uint64_t offset_;
  Stage stage_ = Stage::fixed;
  std::uint8_t flags_ = 0;
  std::uint32_t count_ = 0;     ///< bytes of the current field so far
  std::uint32_t length_ = 0;    ///< of the extra field
  std::uint32_t checksum_ = 0;  ///< CRC-32 of the header so far
  std::uint32_t stored_ = 0;    ///< the header checksum in the stream
};

}  // namespace accel::codec
