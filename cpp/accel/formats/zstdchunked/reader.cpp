#include "accel/formats/zstdchunked/reader.hpp"

#include <array>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/estargz/layout.hpp"
#include "accel/formats/toc_reader.hpp"
#include "accel/formats/zstdchunked/locate.hpp"
#include "accel/formats/zstdchunked/tar_split_check.hpp"
#include "accel/io/hashing.hpp"
#include "accel/io/range.hpp"

namespace accel::formats::zstdchunked {

namespace {

class Reader final : public TocLayerReader {
 public:
  Reader(oci::Descriptor layer, std::shared_ptr<io::ByteSource> blob, const OpenOptions& options,
         const Located& located)
      : TocLayerReader(std::move(layer), std::move(blob), options), located_(located) {}

 protected:
  [[nodiscard]] std::string format_name() const override {
    switch (located_.style) {
      case TocStyle::stargz:
        return "zstd:chunked (stargz)";
      case TocStyle::containers:
        return "zstd:chunked (containers)";
      case TocStyle::joint:
        break;
    }
    return "zstd:chunked (joint)";
  }

  [[nodiscard]] Shape shape() const override {
    const std::uint64_t data_end = located_.toc.offset - kSkippableHeaderSize;
    return {codec::Compression::zstd, located_.style, data_end, data_end, false};
  }

  jtoc::ParsedToc load_toc() override {
    io::RangeStream range(blob(), located_.toc.offset, located_.toc.compressed_size);
    io::HashingStream compressed(range);
    const std::unique_ptr<io::ByteStream> json =
        codec::make_decoder(codec::Compression::zstd, compressed, options().decode_limits);
    jtoc::ParsedToc parsed = jtoc::parse_toc(*json, parse_limits());
    check_digests(parsed, compressed.finish());
    if (parsed.bytes != located_.toc.uncompressed_size) {
      throw FormatError("the TOC has " + std::to_string(parsed.bytes) + " bytes, its position says " +
                        std::to_string(located_.toc.uncompressed_size));
    }
    if (located_.style != TocStyle::containers && !parsed.ends_with_brace) {
      throw FormatError("bytes follow the TOC's closing brace");
    }
    return parsed;
  }

  std::unique_ptr<io::ByteStream> check_stream(io::ByteStream& tar, const jtoc::Toc& toc) override {
    // Without the digest readers ignore the data (zstdchunked.md 4, step 4).
    if (!located_.tar_split || toc.tar_split_digest.empty()) return nullptr;
    return std::make_unique<TarSplitStream>(
        tar, toc,
        std::make_unique<TarSplitReader>(blob(), *located_.tar_split, toc.tar_split_digest, options().decode_limits));
  }

  void describe(LayerSummary& summary) override {
    const bool has_tar_split = located_.tar_split && !toc().toc.tar_split_digest.empty();
    if (located_.style == TocStyle::stargz) return;
    summary.details.emplace_back("tar-split size",
                                 has_tar_split ? std::to_string(located_.tar_split->uncompressed_size) : "none");
  }

 private:
  void check_digests(const jtoc::ParsedToc& parsed, const hash::Digest& compressed) const {
    const std::string json_digest = annotation(estargz::kTocDigestAnnotation);
    if (!json_digest.empty()) require_digest("TOC", json_digest, parsed.digest, parsed.bytes);
    for (const std::string_view key : {kManifestChecksumAnnotation, kStargzManifestChecksumAnnotation}) {
      const std::string expected = annotation(key);
      if (!expected.empty()) {
        require_digest("compressed TOC", expected, compressed, located_.toc.compressed_size);
      }
    }
  }

  const Located located_;
};

}  // namespace

std::unique_ptr<LayerReader> open_reader(const oci::Descriptor& layer, std::shared_ptr<io::ByteSource> blob,
                                         const OpenOptions& options) {
  const std::optional<Located> located = locate_metadata(layer, *blob);
  if (!located) return nullptr;
  return std::make_unique<Reader>(layer, std::move(blob), options, *located);
}

}  // namespace accel::formats::zstdchunked
