#include "accel/formats/zstdchunked/stargz_tail.hpp"

#include "accel/formats/zstdchunked/toc_frame.hpp"

namespace accel::formats::zstdchunked {

namespace {

class StargzTail final : public estargz::TocTail {
 public:
  [[nodiscard]] std::size_t front_bytes() const override { return 0; }

  void write(Data data, UnitEncoderPool& encoders, io::ByteSink& sink, LayerResult& result) const override {
    const TocFrame toc = make_toc_frame(data.toc.view(), data.blob_bytes, encoders);
    data.toc = {};
    sink.write(toc.bytes.view());
    sink.write(stargz_footer_frame(toc.range).view());
    annotate_for_stargz(toc, result.annotations);
  }
};

}  // namespace

std::unique_ptr<estargz::TocTail> make_stargz_tail() { return std::make_unique<StargzTail>(); }

}  // namespace accel::formats::zstdchunked
