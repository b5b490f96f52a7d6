/// Encoder of the C dialect and of joint layers: the tar stream passes through unchanged, cut into frames.
#pragma once

#include <memory>
#include <string>

#include "accel/formats/format.hpp"
#include "accel/formats/unit_encoder_pool.hpp"
#include "accel/formats/zstdchunked/options.hpp"

namespace accel::formats::zstdchunked {

/// A layer that partial pulls cannot handle (zstdchunked.md 3.7) becomes an ordinary zstd layer, with a note.
/// Sparse files are expanded, which changes the diffID: the first one throws RestartStaged.
std::unique_ptr<LayerEncoder> make_containers_encoder(const Options& options, std::shared_ptr<UnitEncoderPool> encoders,
                                                      std::string media_type, io::ByteSink& sink,
                                                      const EncodeContext& context);

}  // namespace accel::formats::zstdchunked
