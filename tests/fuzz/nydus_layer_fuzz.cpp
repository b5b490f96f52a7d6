// RAFS blobs: put together from invented sections with right headers and digests, so that no checksum stands in the way
// of the readers' logic; or, after a byte 1, any bytes.
//
//     u8 mode · u8 flags · u16 data · u16 chunk information · u16 digests · data · chunk information · digests ·
//     bootstrap
#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "accel/base/endian.hpp"
#include "accel/formats/nydus/layout.hpp"
#include "accel/formats/nydus/meta_reader.hpp"
#include "accel/io/memory.hpp"
#include "nydus_blob.hpp"

namespace {

using namespace accel;
using namespace accel::formats;
using namespace accel::formats::nydus;

constexpr std::size_t kHead = 8;

Bytes assemble(ByteView input) {
  const auto size = [&](std::size_t at) { return std::size_t{load_le<std::uint16_t>(input.data() + at)}; };
  const bool with_toc = (std::to_integer<unsigned>(input[1]) & 1U) != 0;
  const std::size_t sizes[] = {size(2), size(4), size(6)};
  ByteView rest = input.subspan(kHead);
  std::vector<ByteView> parts;
  for (const std::size_t wanted : sizes) {
    parts.push_back(rest.first(std::min(wanted, rest.size())));
    rest = rest.subspan(parts.back().size());
  }
  fuzz::BlobBuilder builder;
  if (!parts[0].empty()) {
    builder.section(section::kData, parts[0]);
    builder.entry(section::kData, builder.last(builder.size()), 0, parts[0].size());
  }
  if (parts[1].size() >= kCiHeaderSize) {
    const ByteView ci = parts[1].first(parts[1].size() - kCiHeaderSize);
    builder.entry(section::kMeta, ci, builder.size(), ci.size());
    builder.entry(section::kMetaHeader, parts[1].last(kCiHeaderSize), builder.size() + ci.size(), kCiHeaderSize);
    builder.section(section::kMeta, parts[1]);
  }
  if (with_toc && !parts[2].empty()) {
    builder.entry(section::kDigests, parts[2], builder.size(), parts[2].size());
    builder.section(section::kDigests, parts[2]);
  }
  builder.entry(section::kBootstrap, rest, builder.size(), rest.size());
  builder.section(section::kBootstrap, rest);
  if (with_toc) builder.section(section::kToc, builder.toc());
  return builder.take();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < kHead) return 0;
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  const auto blob = std::make_shared<io::MemorySource>(data[0] == 1 ? to_bytes(input.subspan(1)) : assemble(input));
  oci::Descriptor layer;
  layer.media_type = kBlobMediaType;
  OpenOptions options = fuzz::reader_limits();
  options.other_blobs = [blob](const oci::Descriptor&) { return blob; };
  fuzz::use_blob(layer, blob, options);
  return 0;
}
