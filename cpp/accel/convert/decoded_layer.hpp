/// A source layer as the tar stream it holds, read ahead by two threads and checked on the way.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "accel/base/cancel.hpp"
#include "accel/codec/block_boundaries.hpp"
#include "accel/codec/codec.hpp"
#include "accel/convert/read_ahead.hpp"
#include "accel/convert/tally.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/source.hpp"
#include "accel/oci/descriptor.hpp"
#include "accel/oci/repository.hpp"

namespace accel::convert {

/// Streams the uncompressed bytes of a layer. The compression is what the first bytes say, not the media type
/// (correction 13). Read by one thread.
class DecodedLayer final : public io::ByteStream {
 public:
  /// Opens `layer` in `source`. Cancelling `stop` ends every wait of the reading threads. `consumers` are told where
  /// the blocks of a gzip layer begin.
  DecodedLayer(const oci::Descriptor& layer, oci::Repository& source, const codec::DecodeLimits& limits, JobState& job,
               CancelSource& stop, codec::BoundaryConsumers consumers = {});
  ~DecodedLayer() override;

  std::size_t read(MutableByteView out) override;
  /// Reads to the end and checks the diffID, unless `diff_id` is empty. Digest and size of the blob have been checked
  /// when this returns. Throws DigestMismatch, and FormatError for bytes after the end of the compressed data.
  void verify(const hash::Digest& diff_id);
  /// What the layer is compressed with.
  [[nodiscard]] codec::Compression compression() const noexcept { return compression_; }
  /// Uncompressed bytes read so far.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// To be called after a FormatError: wrong bytes of a damaged blob first show as bad compression or a bad tar. Reads
  /// the rest of the blob and throws what its check finds; returns when the blob is what its digest says.
  void rethrow_cause();

 private:
  CancelSource& stop_;
  std::unique_ptr<io::ByteStream> blob_;
  std::optional<ReadAhead> compressed_;
  codec::Compression compression_ = codec::Compression::none;
  std::unique_ptr<io::ByteStream> decoder_;  // null for a plain tar
  std::optional<ReadAhead> plain_;           // in use when decoder_ is
  hash::Hasher hasher_;
  std::uint64_t size_ = 0;
};

}  // namespace accel::convert
