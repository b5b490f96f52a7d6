/// What the readers of all chunked formats share: a TOC found somewhere, and the layer it describes.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "accel/formats/chunk_fetch.hpp"
#include "accel/formats/format.hpp"
#include "accel/formats/jtoc/check.hpp"
#include "accel/formats/jtoc/parser.hpp"
#include "accel/formats/toc_walk.hpp"

namespace accel::formats {

/// Formats derive from it, find their TOC, and name what is special about them.
class TocLayerReader : public LayerReader {
 public:
  TocLayerReader(oci::Descriptor layer, std::shared_ptr<io::ByteSource> blob, OpenOptions options)
      : layer_(std::move(layer)), blob_(std::move(blob)), options_(std::move(options)) {}

  LayerSummary summary() override;
  void list(LayerVisitor& visitor) override { list_toc(toc().toc, visitor); }
  void verify(LayerVisitor& visitor, const hash::Digest& diff_id, const CancelToken& cancel) override;
  std::size_t read_file(std::string_view path, std::uint64_t offset, MutableByteView out) override;

 protected:
  /// How the data of the layer is stored.
  struct Shape {
    codec::Compression compression = codec::Compression::gzip;
    TocStyle style = TocStyle::stargz;
    std::uint64_t data_end = 0;    ///< where the units of content end
    std::uint64_t stream_end = 0;  ///< where what belongs to the tar stream ends
    bool ends_with_toc = false;
  };

  [[nodiscard]] virtual std::string format_name() const = 0;
  [[nodiscard]] virtual Shape shape() const = 0;
  /// Reads and parses the TOC and checks its digest where one is known. Called once.
  virtual jtoc::ParsedToc load_toc() = 0;
  /// A stream of the bytes of `tar` that checks them in passing; null: there is nothing to check them against.
  virtual std::unique_ptr<io::ByteStream> check_stream(io::ByteStream& tar, const jtoc::Toc& toc);
  /// Facts for `inspect` besides the common ones.
  virtual void describe(LayerSummary& summary);

  /// The checked TOC; loaded at the first call.
  const jtoc::ParsedToc& toc();
  [[nodiscard]] const oci::Descriptor& layer() const noexcept { return layer_; }
  [[nodiscard]] io::ByteSource& blob() const noexcept { return *blob_; }
  [[nodiscard]] const OpenOptions& options() const noexcept { return options_; }
  [[nodiscard]] jtoc::ParseLimits parse_limits() const noexcept {
    return {options_.max_toc_bytes, options_.max_toc_entries};
  }
  /// The value of an annotation of the layer; "" when it has none.
  [[nodiscard]] std::string annotation(std::string_view key) const;

 private:
  void check_blob(const hash::Digest& actual) const;

  const oci::Descriptor layer_;
  const std::shared_ptr<io::ByteSource> blob_;
  const OpenOptions options_;
  std::optional<jtoc::ParsedToc> toc_;
  std::optional<ChunkFetcher> fetcher_;
};

/// Throws DigestMismatch unless `actual` is `expected`, which may be text of any form.
void require_digest(std::string_view subject, const std::string& expected, const hash::Digest& actual,
                    std::uint64_t length);

}  // namespace accel::formats
