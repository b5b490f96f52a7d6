// eStargz layers: raw bytes, and layers with any TOC over any tar stream.
#include <cstdint>

#include "accel/codec/codec.hpp"
#include "accel/formats/estargz/layout.hpp"
#include "accel/tar/block.hpp"
#include "layer_parts.hpp"

namespace {

using namespace accel;

constexpr std::uint8_t kRaw = 1, kExternalToc = 2;

void use_parts(const fuzz::LayerParts& parts) {
  const auto encoder = codec::make_gzip_encoder(0);
  Buffer blob = parts.units(*encoder);
  Buffer toc;
  toc.resize(tar::kBlockSize);
  toc.append(parts.toc);
  formats::estargz::wrap_toc(toc);
  Buffer member;
  encoder->encode(toc.view(), member);
  if ((parts.flags & kExternalToc) != 0) {
    blob.append(formats::estargz::encode_external_toc_footer());
    fuzz::use_layer({}, blob.view(), to_bytes(member.view()));
    return;
  }
  const std::uint64_t offset = blob.size();
  blob.append(member.view());
  blob.append(formats::estargz::encode_footer({offset}));
  fuzz::use_layer({}, blob.view());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  if (size == 0) return 0;
  if ((data[0] & kRaw) != 0) {
    fuzz::use_layer({}, input.subspan(1), to_bytes(input.subspan(1)));
  } else {
    use_parts(fuzz::LayerParts(input));
  }
  return 0;
}
