#include "accel/formats/tar_layer/reader.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/jtoc/entry.hpp"
#include "accel/formats/toc_reader.hpp"
#include "accel/formats/unit_stream.hpp"
#include "accel/tar/path.hpp"
#include "accel/tar/reader.hpp"

namespace accel::formats::tar_layer {

namespace {

constexpr std::size_t kMagicBytes = 4;

class Reader final : public LayerReader {
 public:
  Reader(oci::Descriptor layer, std::shared_ptr<io::ByteSource> blob, OpenOptions options)
      : layer_(std::move(layer)), blob_(std::move(blob)), options_(std::move(options)) {
    std::array<std::byte, kMagicBytes> head;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(head.size(), blob_->size()));
    blob_->read_at(0, MutableByteView(head).first(size));
    compression_ = codec::detect(ByteView(head).first(size));
  }

  LayerSummary summary() override {
    LayerSummary summary;
    summary.format = "tar";
    if (compression_ != codec::Compression::none) summary.format.append("+").append(codec::to_string(compression_));
    if (compression_ == codec::Compression::none) summary.uncompressed_size = blob_->size();
    return summary;
  }

  void list(LayerVisitor& visitor) override { walk(visitor, {}, {}, false); }

  void verify(LayerVisitor& visitor, const hash::Digest& diff_id, const CancelToken& cancel) override {
    walk(visitor, diff_id, cancel, true);
  }

 private:
  void walk(LayerVisitor& visitor, const hash::Digest& diff_id, const CancelToken& cancel, bool check_blob) {
    BlobReader blob(*blob_, cancel);
    UnitStream stream(blob, compression_, {0}, blob_->size(), options_.decode_limits);
    read_entries(stream, visitor, cancel);
    const std::uint64_t length = stream.length();
    const hash::Digest actual = stream.finish();
    if (!diff_id.empty()) require_digest("uncompressed layer (diffID)", diff_id.to_string(), actual, length);
    if (check_blob && !layer_.digest.empty() && layer_.digest.algorithm() == hash::Algorithm::sha256) {
      require_digest("layer blob", layer_.digest.to_string(), blob.finish(), blob_->size());
    }
  }

  static void read_entries(io::ByteStream& stream, LayerVisitor& visitor, const CancelToken& cancel) {
    tar::Reader reader(stream);
    while (const tar::Entry* const entry = reader.next()) {
      cancel.check();
      hash::Digest content;
      if (entry->type == tar::EntryType::regular) content = hash_content(reader);
      // A layer that was of a format once keeps the files that format added.
      if (!jtoc::is_added_by_format(tar::clean_path(entry->name))) visitor.entry(*entry, content);
    }
    while (!reader.trailing().empty()) cancel.check();
  }

  static hash::Digest hash_content(tar::Reader& reader) {
    hash::Hasher hasher;
    while (true) {
      const ByteView piece = reader.payload();
      if (piece.empty()) return hasher.finish();
      hasher.update(piece);
    }
  }

  const oci::Descriptor layer_;
  const std::shared_ptr<io::ByteSource> blob_;
  const OpenOptions options_;
  codec::Compression compression_ = codec::Compression::none;
};

}  // namespace

std::unique_ptr<LayerReader> open_reader(const oci::Descriptor& layer, std::shared_ptr<io::ByteSource> blob,
                                         const OpenOptions& options) {
  return std::make_unique<Reader>(layer, std::move(blob), options);
}

}  // namespace accel::formats::tar_layer
