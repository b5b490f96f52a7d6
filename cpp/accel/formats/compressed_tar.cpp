#include "accel/formats/compressed_tar.hpp"

#include <algorithm>

namespace accel::formats {

namespace {

/// Of the tar, in one unit: what one thread compresses at a time.
constexpr std::size_t kUnitBytes = std::size_t{1} << 20U;
constexpr int kGzipLevel = 6;
constexpr int kZstdLevel = 3;

std::unique_ptr<UnitPipeline> make_pipeline(codec::Compression compression, io::ByteSink& sink,
                                            const EncodeContext& context) {
  if (compression == codec::Compression::none) return nullptr;
  auto encoders = std::make_shared<UnitEncoderPool>([compression] {
    return compression == codec::Compression::gzip ? codec::make_gzip_encoder(kGzipLevel)
                                                   : codec::make_zstd_encoder(kZstdLevel);
  });
  return std::make_unique<UnitPipeline>(std::move(encoders), sink, context, UnitPipeline::Options{},
                                        [](Batch&, std::uint64_t) {});
}

}  // namespace

CompressedTar::CompressedTar(codec::Compression compression, io::ByteSink& sink, const EncodeContext& context)
    : sink_(sink), pipeline_(make_pipeline(compression, sink, context)) {}

CompressedTar::~CompressedTar() = default;

void CompressedTar::write(ByteView bytes) {
  hasher_.update(bytes);
  if (!pipeline_) return sink_.write(bytes);
  while (!bytes.empty()) {
    if (unit_ == 0) pipeline_->begin_unit(kUnitBytes);
    const ByteView piece = bytes.first(std::min(bytes.size(), kUnitBytes - unit_));
    pipeline_->append(piece);
    unit_ = (unit_ + piece.size()) % kUnitBytes;
    bytes = bytes.subspan(piece.size());
  }
}

CompressedTar::Content CompressedTar::finish() {
  if (pipeline_) pipeline_->finish();
  const std::uint64_t size = hasher_.length();
  return {.diff_id = hasher_.finish(), .uncompressed_size = size};
}

}  // namespace accel::formats
