#include "accel/formats/estargz/toc_tail.hpp"

#include <string>
#include <utility>

#include "accel/formats/estargz/layout.hpp"
#include "accel/tar/block.hpp"

namespace accel::formats::estargz {

namespace {

/// Sets the annotation of the TOC, and turns `toc` into the content of a TOC member.
void name_and_wrap_toc(Buffer& toc, LayerResult& result) {
  const hash::Digest digest = hash::sha256(toc.view().subspan(tar::kBlockSize));
  result.annotations.insert_or_assign(std::string(kTocDigestAnnotation), digest.to_string());
  wrap_toc(toc);
}

class InnerTocTail final : public TocTail {
 public:
  [[nodiscard]] std::size_t front_bytes() const override { return tar::kBlockSize; }

  void write(Data data, UnitEncoderPool& encoders, io::ByteSink& sink, LayerResult& result) const override {
    name_and_wrap_toc(data.toc, result);
    if (data.stream != nullptr) data.stream->update(data.toc.view());
    result.uncompressed_size += data.toc.size();
    Buffer member;
    encoders.borrow()->encode(data.toc.view(), member);
    data.toc = {};
    sink.write(member.view());
    sink.write(encode_footer({data.blob_bytes}));
  }
};

class ExternalTocTail final : public TocTail {
 public:
  [[nodiscard]] std::size_t front_bytes() const override { return tar::kBlockSize; }

  void write(Data data, UnitEncoderPool& encoders, io::ByteSink& sink, LayerResult& result) const override {
    name_and_wrap_toc(data.toc, result);
    Buffer member;
    encoders.borrow()->encode(data.toc.view(), member);
    result.side_blob = to_bytes(member.view());
    sink.write(encode_external_toc_footer());
  }
};

}  // namespace

std::unique_ptr<TocTail> make_inner_toc_tail() { return std::make_unique<InnerTocTail>(); }

std::unique_ptr<TocTail> make_external_toc_tail() { return std::make_unique<ExternalTocTail>(); }

}  // namespace accel::formats::estargz
