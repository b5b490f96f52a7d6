#include "accel/formats/estargz/reader.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/estargz/layout.hpp"
#include "accel/formats/toc_reader.hpp"
#include "accel/io/memory.hpp"
#include "accel/io/range.hpp"
#include "accel/tar/reader.hpp"

namespace accel::formats::estargz {

namespace {

/// The content of the current entry of a tar.
class PayloadStream final : public io::ByteStream {
 public:
  explicit PayloadStream(tar::Reader& reader) : reader_(reader) {}

  std::size_t read(MutableByteView out) override {
    const ByteView piece = reader_.payload(out.size());
    std::copy(piece.begin(), piece.end(), out.begin());
    return piece.size();
  }

 private:
  tar::Reader& reader_;
};

class Reader final : public TocLayerReader {
 public:
  Reader(oci::Descriptor layer, std::shared_ptr<io::ByteSource> blob, const OpenOptions& options,
         const FoundFooter& footer)
      : TocLayerReader(std::move(layer), std::move(blob), options), footer_(footer) {}

 protected:
  [[nodiscard]] std::string format_name() const override {
    return footer_.external_toc ? "eStargz (external TOC)" : "eStargz";
  }

  [[nodiscard]] Shape shape() const override {
    // The footer is an empty gzip member and so part of the stream.
    return {codec::Compression::gzip, TocStyle::stargz, footer_.toc_offset, blob().size(), !footer_.external_toc};
  }

  jtoc::ParsedToc load_toc() override {
    if (!footer_.external_toc) {
      io::RangeStream member(blob(), footer_.toc_offset, blob().size() - footer_.size - footer_.toc_offset);
      return parse(member);
    }
    std::optional<Bytes> toc;
    if (options().external_toc) toc = options().external_toc(layer());
    if (!toc) {
      throw FormatError("the layer's TOC is not in it, and there is no TOC image that has it",
                        "the TOC image has the image's tag with -esgztoc; copy it along with the image");
    }
    io::MemoryStream member{ByteView(*toc)};
    return parse(member);
  }

 private:
  /// Reads the member whose content is a tar with the TOC as its first entry. Spec: estargz.md section 7, step 1.
  jtoc::ParsedToc parse(io::ByteStream& member) {
    const std::unique_ptr<io::ByteStream> content =
        codec::make_decoder(codec::Compression::gzip, member, options().decode_limits);
    tar::Reader reader(*content);
    const tar::Entry* const entry = reader.next();
    if (entry == nullptr || entry->name != jtoc::kTocName) {
      throw FormatError("the eStargz footer leads to no " + std::string(jtoc::kTocName),
                        FormatError::Where{{}, {}, footer_.toc_offset});
    }
    PayloadStream json(reader);
    jtoc::ParsedToc parsed = jtoc::parse_toc(json, parse_limits());
    // One reader of stargz-snapshotter hashes to the closing brace, the other everything (estargz.md 5.1).
    if (!parsed.ends_with_brace) throw FormatError("bytes follow the TOC's closing brace");
    const std::string expected = annotation(kTocDigestAnnotation);
    if (!expected.empty()) require_digest("TOC", expected, parsed.digest, parsed.bytes);
    return parsed;
  }

  const FoundFooter footer_;
};

bool is_gzip(io::ByteSource& blob) {
  std::array<std::byte, 4> head;
  if (blob.size() < head.size()) return false;
  blob.read_at(0, head);
  return codec::detect(head) == codec::Compression::gzip;
}

}  // namespace

std::unique_ptr<LayerReader> open_reader(const oci::Descriptor& layer, std::shared_ptr<io::ByteSource> blob,
                                         const OpenOptions& options) {
  Bytes tail(static_cast<std::size_t>(std::min<std::uint64_t>(blob->size(), kFooterSize)));
  blob->read_at(blob->size() - tail.size(), tail);
  const std::optional<FoundFooter> footer = find_footer(tail, blob->size());
  if (!footer) {
    if (is_gzip(*blob) && layer.annotations.contains(std::string(kTocDigestAnnotation))) {
      throw FormatError("annotations say that the layer is eStargz, but it has no footer");
    }
    return nullptr;
  }
  return std::make_unique<Reader>(layer, std::move(blob), options, *footer);
}

}  // namespace accel::formats::estargz
