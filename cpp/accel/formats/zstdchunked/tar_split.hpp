/// tar-split data: everything of a tar stream that is no file content, so that the stream can be rebuilt from the files
/// and its diffID proved. Spec: zstdchunked.md section 3.6.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "accel/base/bytes.hpp"
#include "accel/formats/unit_encoder_pool.hpp"

namespace accel::formats::zstdchunked {

/// Fed with one layer in order; keeps only compressed text. Readers rely on how the bytes are divided into records:
/// each header in one record that begins with the padding of the file before it.
class TarSplitWriter {
 public:
  explicit TarSplitWriter(std::shared_ptr<UnitEncoderPool> encoders) : encoders_(std::move(encoders)) {}

  /// All header blocks of the next entry.
  void header(ByteView blocks);
  /// The entry's content; called for each entry, also those without. `crc` is its CRC-64 (hash::crc64_iso).
  void file(std::string_view name, std::uint64_t size, std::uint64_t crc);
  /// The bytes between content and next header.
  void padding(ByteView bytes) { raw_.append(bytes); }
  /// The next piece of what follows the last entry.
  void trailing(ByteView bytes);

  struct Result {
    Buffer compressed;  ///< zstd frames
    std::uint64_t uncompressed_size = 0;
  };
  /// Called once, last.
  Result finish();

 private:
  void write_raw();
  void end_record();
  void compress();

  std::shared_ptr<UnitEncoderPool> encoders_;
  Buffer raw_;   // bytes for the next raw record
  Buffer text_;  // records not compressed yet
  Result result_;
  std::uint64_t position_ = 0;
  std::size_t trailing_limit_ = 0;  // size at which a record behind the last entry is full; 0 before it
};

}  // namespace accel::formats::zstdchunked
