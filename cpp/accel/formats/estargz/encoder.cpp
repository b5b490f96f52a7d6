#include "accel/formats/estargz/encoder.hpp"

#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/estargz/layout.hpp"
#include "accel/formats/layer_names.hpp"
#include "accel/tar/path.hpp"

namespace accel::formats::estargz {

LayerResult finish_layer(LayerWriter& writer, const EncoderSettings& settings, std::string media_type,
                         io::ByteSink& sink, bool keeps_diff_id) {
  LayerWriter::Written written = writer.finish();
  LayerResult result;
  result.media_type = std::move(media_type);
  result.uncompressed_size = written.stream_bytes;
  // Readers of containers/storage refuse a layer that seems to be of both formats (estargz.md 9.1).
  result.drop_annotations = {"io.github.containers.zstd-chunked.*", "io.containers.zstd-chunked.*"};
  settings.tail->write({written.blob_bytes, std::move(written.toc), keeps_diff_id ? nullptr : &writer.stream_hasher()},
                       *settings.encoders, sink, result);
  result.annotations.insert_or_assign(std::string(kUncompressedSizeAnnotation),
                                      std::to_string(result.uncompressed_size));
  if (!keeps_diff_id) result.diff_id = writer.stream_hasher().finish();
  return result;
}

bool needs_new_header(const tar::Entry& entry, ByteView raw_header) {
  return entry.sparse || entry.header_size != entry.size || has_global_header(raw_header);
}

void require_toc_entry(const tar::Entry& entry) {
  const std::string obstacle = toc_obstacle(entry);
  if (obstacle.empty()) return;
  throw FormatError("an index of files in JSON cannot hold this entry: " + obstacle,
                    FormatError::Where{{}, tar::shown_name(entry.name), {}},
                    "rename or touch the file when the image is built");
}

}  // namespace accel::formats::estargz
