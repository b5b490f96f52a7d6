#include "accel/formats/toc_reader.hpp"

#include <charconv>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/estargz/layout.hpp"
#include "accel/oci/annotation.hpp"

namespace accel::formats {

void require_digest(std::string_view subject, const std::string& expected, const hash::Digest& actual,
                    std::uint64_t length) {
  if (actual.to_string() == expected) return;
  throw DigestMismatch(subject, expected, actual.to_string(), length);
}

std::unique_ptr<io::ByteStream> TocLayerReader::check_stream(io::ByteStream&, const jtoc::Toc&) { return nullptr; }

void TocLayerReader::describe(LayerSummary&) {}

std::string TocLayerReader::annotation(std::string_view key) const { return oci::annotation(layer_, key); }

const jtoc::ParsedToc& TocLayerReader::toc() {
  if (!toc_) {
    jtoc::ParsedToc parsed = load_toc();
    const Shape layer_shape = shape();
    jtoc::check_toc(parsed.toc, {layer_shape.data_end, layer_shape.style != TocStyle::containers,
                                 layer_shape.style == TocStyle::stargz});
    toc_ = std::move(parsed);
  }
  return *toc_;
}

LayerSummary TocLayerReader::summary() {
  LayerSummary summary;
  summary.format = format_name();
  for (const jtoc::Entry& entry : toc().toc.entries) {
    const bool is_chunk = entry.kind == jtoc::EntryKind::chunk;
    if (!is_chunk) ++summary.entries;
    if (is_chunk || (entry.kind == jtoc::EntryKind::regular && entry.size > 0)) ++summary.chunks;
  }
  const std::string size = annotation(estargz::kUncompressedSizeAnnotation);
  std::from_chars(size.data(), size.data() + size.size(), summary.uncompressed_size);
  summary.details.emplace_back("toc digest", toc().digest.to_string());
  summary.details.emplace_back("toc size", std::to_string(toc().bytes));
  describe(summary);
  return summary;
}

void TocLayerReader::verify(LayerVisitor& visitor, const hash::Digest& diff_id, const CancelToken& cancel) {
  const Shape layer_shape = shape();
  const jtoc::Toc& table = toc().toc;
  std::vector<std::uint64_t> offsets = jtoc::unit_offsets(table);
  while (offsets.size() > 1 && offsets.back() >= layer_shape.data_end) offsets.pop_back();
  if (layer_shape.stream_end > layer_shape.data_end && layer_shape.data_end > 0) {
    offsets.push_back(layer_shape.data_end);
  }
  BlobReader reader(blob(), cancel);
  UnitStream units(reader, layer_shape.compression, std::move(offsets), layer_shape.stream_end, options_.decode_limits);
  const std::unique_ptr<io::ByteStream> checked = check_stream(units, table);
  walk_layer(checked ? *checked : units, units, table, {layer_shape.style, layer_shape.ends_with_toc, cancel}, visitor);

  const std::uint64_t uncompressed = units.length();
  const hash::Digest actual = units.finish();
  if (!diff_id.empty()) require_digest("uncompressed layer (diffID)", diff_id.to_string(), actual, uncompressed);
  const std::string said = annotation(estargz::kUncompressedSizeAnnotation);
  if (!said.empty() && said != std::to_string(uncompressed)) {
    throw FormatError("the layer has " + std::to_string(uncompressed) + " uncompressed bytes, its annotation says " +
                      said);
  }
  check_blob(reader.finish());
}

void TocLayerReader::check_blob(const hash::Digest& actual) const {
  if (layer_.digest.empty()) return;
  if (layer_.size != 0 && layer_.size != blob_->size()) {
    throw FormatError("the layer has " + std::to_string(blob_->size()) + " bytes, its descriptor says " +
                      std::to_string(layer_.size));
  }
  if (layer_.digest.algorithm() != hash::Algorithm::sha256) return;  // the repository has verified it
  require_digest("layer blob", layer_.digest.to_string(), actual, blob_->size());
}

std::size_t TocLayerReader::read_file(std::string_view path, std::uint64_t offset, MutableByteView out) {
  if (!fetcher_) {
    const Shape layer_shape = shape();
    fetcher_.emplace(toc().toc, blob(), layer_shape.compression, layer_shape.data_end);
  }
  return fetcher_->read(path, offset, out);
}

}  // namespace accel::formats
