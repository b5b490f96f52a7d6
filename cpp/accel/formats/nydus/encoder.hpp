/// Encoder of native layers: chunks, their index and the layer's bootstrap in one blob. Spec: nydus-blob.md 17.
#pragma once

#include <functional>
#include <memory>

#include "accel/formats/format.hpp"
#include "accel/formats/nydus/blob_writer.hpp"
#include "accel/formats/nydus/chunk_dict.hpp"
#include "accel/formats/nydus/encrypt.hpp"
#include "accel/formats/nydus/layer_part.hpp"
#include "accel/formats/nydus/layout.hpp"
#include "accel/formats/unit_encoder_pool.hpp"

namespace accel::formats::nydus {

/// What the layers of a conversion have in common.
struct NativeSettings {
  FsVersion version = FsVersion::v6;
  Compressor compressor = Compressor::zstd;
  std::shared_ptr<UnitEncoderPool> encoders;        ///< chunk encoders of `compressor`; null for none
  int level = 0;                                    ///< of `encoders`
  std::shared_ptr<UnitEncoderPool> frame_encoders;  ///< zstd unit encoders; null: takes no part in SharedFrames
  Digester digester = Digester::blake3;
  std::uint32_t chunk_size = kDefaultChunkSize;
  std::uint32_t batch_size = 0;
  bool align_chunks = false;                    ///< v5; v6 always does
  std::shared_ptr<const ChunkDict> dictionary;  ///< may be null
  std::function<BlobKey()> make_key;            ///< called for each layer; null: nothing is encrypted
};

/// Never throws RestartStaged: whatever the order of entries, data is stored as it comes and the tree is in memory.
std::unique_ptr<LayerEncoder> make_native_encoder(const NativeSettings& settings, io::ByteSink& sink,
                                                  const EncodeContext& context);

/// What the descriptor of every nydus layer says, native or not: media type, annotations, what becomes of those of the
/// source, and that the diffID is the digest of what `blob` has written. Spec: nydus-blob.md 16.2.
LayerResult describe_layer(const BlobWriter& blob, std::shared_ptr<const NydusPart> part);

}  // namespace accel::formats::nydus
