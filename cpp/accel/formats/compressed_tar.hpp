/// A tar stream that we make ourselves, on its way to becoming a layer: compressed on all cores, and hashed.
#pragma once

#include <cstdint>
#include <memory>

#include "accel/codec/codec.hpp"
#include "accel/formats/format.hpp"
#include "accel/formats/unit_pipeline.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/sink.hpp"

namespace accel::formats {

/// Compresses what is written in gzip members or zstd frames of 1 MiB each, at the default level of the formats; with
/// Compression::none it passes on as it is. The bytes depend on content and codec only. Used by one thread; writes to
/// its sink from another one (see UnitPipeline).
class CompressedTar final : public io::ByteSink {
 public:
  /// `sink` and what `context` refers to outlive it.
  CompressedTar(codec::Compression compression, io::ByteSink& sink, const EncodeContext& context);
  CompressedTar(const CompressedTar&) = delete;
  CompressedTar& operator=(const CompressedTar&) = delete;
  ~CompressedTar() override;

  /// May wait for memory. Throws what the sink threw, and Cancelled.
  void write(ByteView bytes) override;

  struct Content {
    hash::Digest diff_id;  ///< SHA-256 of what was written
    std::uint64_t uncompressed_size = 0;
  };
  /// Ends the stream: everything is in the sink when it returns. Called once, last.
  Content finish();

 private:
  io::ByteSink& sink_;
  hash::Hasher hasher_;
  std::size_t unit_ = 0;                    // bytes in the unit that is open
  std::unique_ptr<UnitPipeline> pipeline_;  // null without compression
};

}  // namespace accel::formats
