/// What stands behind the data of a layer: the only part in which eStargz, its external-TOC form and the S dialect of
/// zstd:chunked differ.
#pragma once

#include <cstddef>
#include <memory>

#include "accel/base/bytes.hpp"
#include "accel/formats/format.hpp"
#include "accel/formats/unit_encoder_pool.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/sink.hpp"

namespace accel::formats::estargz {

class TocTail {
 public:
  /// What the tail is written after.
  struct Data {
    std::uint64_t blob_bytes = 0;
    Buffer toc;                      ///< front_bytes() free bytes and the JSON
    hash::Hasher* stream = nullptr;  ///< of the uncompressed stream so far; to be given what the tail adds to it
  };

  virtual ~TocTail() = default;
  /// Free bytes it wants in front of the JSON.
  [[nodiscard]] virtual std::size_t front_bytes() const = 0;
  /// Writes TOC and footer to `sink`; sets annotations and side blob of `result` and adds to its uncompressed_size
  /// what belongs to the stream.
  virtual void write(Data data, UnitEncoderPool& encoders, io::ByteSink& sink, LayerResult& result) const = 0;
};

/// TOC member and footer inside the blob. Spec: estargz.md sections 1, 6.1.
std::unique_ptr<TocTail> make_inner_toc_tail();
/// TOC as a blob of its own, and the footer that says so. Spec: estargz.md section 10.1.
std::unique_ptr<TocTail> make_external_toc_tail();

}  // namespace accel::formats::estargz
