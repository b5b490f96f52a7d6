#include "accel/codec/gzip_header.hpp"

#include <isa-l/crc.h>

#include "accel/base/error.hpp"
#include "accel/codec/magic.hpp"

namespace accel::codec {

namespace {

constexpr std::uint32_t kFixedSize = 10;
// FTEXT (bit 0) has no field of its own.
constexpr std::uint8_t kChecksumFlag = 0x02;
constexpr std::uint8_t kExtraFlag = 0x04;
constexpr std::uint8_t kNameFlag = 0x08;
constexpr std::uint8_t kCommentFlag = 0x10;
constexpr std::uint8_t kReservedFlags = 0xE0;

}  // namespace

std::size_t GzipHeaderParser::feed(ByteView bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && stage_ != Stage::done) step(std::to_integer<std::uint8_t>(bytes[taken++]));
  return taken;
}

void GzipHeaderParser::step(std::uint8_t byte) {
  if (stage_ != Stage::checksum) checksum_ = crc32_gzip_refl(checksum_, &byte, 1);
  switch (stage_) {
    case Stage::fixed:
      fixed(byte);
      break;
    case Stage::extra_length:
      length_ |= std::uint32_t{byte} << 8U * count_;
      if (++count_ == 2) enter(length_ > 0 ? Stage::extra : Stage::name);
      break;
    case Stage::extra:
      if (++count_ == length_) enter(Stage::name);
      break;
    case Stage::name:
      if (byte == 0) enter(Stage::comment);
      break;
    case Stage::comment:
      if (byte == 0) enter(Stage::checksum);
      break;
    case Stage::checksum:
      stored_ |= std::uint32_t{byte} << 8U * count_;
      if (++count_ < 2) break;
      if (stored_ != (checksum_ & 0xFFFFU)) fail("the checksum of the member's header is wrong");
      enter(Stage::done);
      break;
    case Stage::done:
      break;
  }
}

void GzipHeaderParser::fixed(std::uint8_t byte) {
  if (count_ < kGzipMagic.size() && byte != std::to_integer<std::uint8_t>(kGzipMagic[count_])) {
    fail("no gzip member where one should start");
  }
  if (count_ == 3) {
    flags_ = byte;
    if ((flags_ & kReservedFlags) != 0) fail("the member has flags that RFC 1952 reserves");
  }
  if (++count_ == kFixedSize) enter(Stage::extra_length);
}

/// Goes to `stage`, or to the next one that the flags announce.
void GzipHeaderParser::enter(Stage stage) {
  if (stage == Stage::extra_length && (flags_ & kExtraFlag) == 0) stage = Stage::name;
  if (stage == Stage::name && (flags_ & kNameFlag) == 0) stage = Stage::comment;
  if (stage == Stage::comment && (flags_ & kCommentFlag) == 0) stage = Stage::checksum;
  if (stage == Stage::checksum && (flags_ & kChecksumFlag) == 0) stage = Stage::done;
  stage_ = stage;
  count_ = 0;
}

void GzipHeaderParser::fail(const char* what) const {
  throw FormatError(std::string("decompress gzip: ") + what,
                    FormatError::Where{.digest = {}, .path = {}, .offset = offset_});
}

}  // namespace accel::codec
