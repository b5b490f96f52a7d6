/// Encoders of eStargz layers and of the S dialect of zstd:chunked, which differ in codec and TOC tail only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "accel/formats/estargz/layer_writer.hpp"
#include "accel/formats/estargz/toc_tail.hpp"
#include "accel/formats/format.hpp"
#include "accel/formats/unit_encoder_pool.hpp"

namespace accel::formats::estargz {

/// What one format with one set of options has in common for all layers.
struct EncoderSettings {
  std::uint64_t chunk_size = 0;
  std::size_t min_chunk_size = 0;
  std::vector<std::string> prioritized_files;  ///< as the user wrote them, in order
  std::shared_ptr<UnitEncoderPool> encoders;
  std::optional<int> frame_level;  ///< LayerWriter::Options::frame_level
  std::shared_ptr<const TocTail> tail;
};

/// Writes entries as they come, behind the landmark that says nothing is prioritised. Drops landmarks and TOC of an
/// earlier conversion. Throws RestartStaged (see there) for what needs StagedEncoder.
std::unique_ptr<LayerEncoder> make_stream_encoder(const EncoderSettings& settings, std::string media_type,
                                                  io::ByteSink& sink, const EncodeContext& context);

/// Keeps the layer in a temporary file, then writes it in the order of plan.hpp: prioritised files first, each path
/// once, hardlinks after their targets.
std::unique_ptr<LayerEncoder> make_staged_encoder(const EncoderSettings& settings, std::string media_type,
                                                  io::ByteSink& sink, const EncodeContext& context);

/// Passes every byte of the tar stream through, so that the diffID stays. Refuses what would have to change.
/// Spec: estargz.md section 10.2.
std::unique_ptr<LayerEncoder> make_lossless_encoder(const EncoderSettings& settings, std::string media_type,
                                                    io::ByteSink& sink, const EncodeContext& context);

/// Ends a layer: writes what is left of the data, then the tail. With `keeps_diff_id`, diff_id stays empty.
LayerResult finish_layer(LayerWriter& writer, const EncoderSettings& settings, std::string media_type,
                         io::ByteSink& sink, bool keeps_diff_id);

/// True when the source's header blocks cannot be written for `entry` as they are: a sparse file is expanded, the size
/// of what has no content dropped, and so is a global PAX header, which readers of stargz-snapshotter refuse.
bool needs_new_header(const tar::Entry& entry, ByteView raw_header);

/// Throws FormatError naming the entry when a TOC cannot hold it (toc_obstacle).
void require_toc_entry(const tar::Entry& entry);

}  // namespace accel::formats::estargz
