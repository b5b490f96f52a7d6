/// Layers whose TOC is a lie: the data of a good layer under a changed TOC, with all digests of the TOC itself right.
#pragma once

#include <functional>
#include <string>

#include "accel/formats/estargz/layout.hpp"
#include "accel/formats/estargz/toc_tail.hpp"
#include "accel/formats/jtoc/parser.hpp"
#include "accel/formats/jtoc/writer.hpp"
#include "accel/formats/zstdchunked/locate.hpp"
#include "accel/formats/zstdchunked/stargz_tail.hpp"
#include "accel/formats/zstdchunked/toc_frame.hpp"
#include "accel/tar/block.hpp"
#include "formats/encode_layer.hpp"

namespace accel::formats::testing {

using ChangeToc = std::function<void(jtoc::Toc&)>;

inline jtoc::Toc parse(const std::string& json) {
  accel::testing::ChunkedStream stream(json);
  return jtoc::parse_toc(stream).toc;
}

inline Buffer write(const jtoc::Toc& toc, std::size_t front_bytes) {
  jtoc::TocWriter writer(front_bytes);
  for (const jtoc::Entry& entry : toc.entries) writer.add(entry);
  return writer.finish(toc.tar_split_digest);
}

inline ByteView part(ByteView bytes, std::uint64_t offset, std::uint64_t size) {
  return bytes.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

/// An eStargz layer with the TOC inside. Its diffID becomes that of the changed stream.
inline EncodedLayer repack_estargz(EncodedLayer layer, const ChangeToc& change) {
  const auto footer = estargz::find_footer(ByteView(layer.blob).last(estargz::kFooterSize), layer.blob.size());
  const std::string tar = decompress(ByteView(layer.blob).subspan(static_cast<std::size_t>(footer->toc_offset)));
  jtoc::Toc toc = parse(tar.substr(tar::kBlockSize, std::stoul(tar.substr(124, 11), nullptr, 8)));
  change(toc);
  UnitEncoderPool encoders([] { return codec::make_gzip_encoder(6); });
  io::MemorySink sink;
  sink.write(part(layer.blob, 0, footer->toc_offset));
  layer.result.annotations.clear();
  estargz::make_inner_toc_tail()->write({footer->toc_offset, write(toc, tar::kBlockSize), nullptr}, encoders, sink,
                                        layer.result);
  layer.blob = to_bytes(sink.view());
  layer.result.diff_id = hash::sha256(as_bytes(decompress(layer.blob)));
  return layer;
}

/// A zstd:chunked layer of any dialect.
inline EncodedLayer repack_zstd(EncodedLayer layer, const ChangeToc& change) {
  const auto source = layer.source();
  const auto located = zstdchunked::locate_metadata(layer.descriptor(), *source);
  jtoc::Toc toc = parse(decompress(part(layer.blob, located->toc.offset, located->toc.compressed_size)));
  change(toc);
  UnitEncoderPool encoders([] { return codec::make_zstd_encoder(3); });
  const std::uint64_t data_end = located->toc.offset - zstdchunked::kSkippableHeaderSize;
  const zstdchunked::TocFrame frame = zstdchunked::make_toc_frame(write(toc, 0).view(), data_end, encoders);
  Buffer blob;
  blob.append(part(layer.blob, 0, data_end));
  blob.append(frame.bytes.view());
  oci::Annotations containers;
  if (located->tar_split) {
    zstdchunked::BlobRange tar_split = *located->tar_split;
    const ByteView data = part(layer.blob, tar_split.offset, tar_split.compressed_size);
    tar_split.offset = blob.size() + zstdchunked::kSkippableHeaderSize;
    zstdchunked::append_skippable_frame(data, blob);
    blob.append(zstdchunked::containers_footer_frame({frame.range, tar_split}).view());
    zstdchunked::annotate_for_containers(frame, tar_split, containers);
  }
  layer.result.annotations.clear();
  if (located->style == TocStyle::containers) {
    layer.result.annotations = containers;
  } else {
    blob.append(zstdchunked::stargz_footer_frame(frame.range).view());
    zstdchunked::annotate_for_stargz(frame, layer.result.annotations);
  }
  layer.blob = to_bytes(blob.view());
  return layer;
}

/// The error of verifying the layer, "" when there is none.
inline std::string verify_error(const EncodedLayer& layer) {
  try {
    verify(*layer.open(), layer.diff_id());
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace accel::formats::testing
