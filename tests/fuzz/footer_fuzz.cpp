// Footers and positions of eStargz and zstd:chunked: what is found lies inside the blob and is written the same again.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/formats/estargz/layout.hpp"
#include "accel/formats/zstdchunked/layout.hpp"
#include "accel/formats/zstdchunked/locate.hpp"
#include "accel/io/memory.hpp"

namespace {

using namespace accel;
using namespace accel::formats;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_estargz(ByteView tail, std::uint64_t blob_size) {
  const auto found = estargz::find_footer(tail, blob_size);
  if (!found) return;
  require(found->toc_offset <= blob_size - found->size);
  if (found->size != estargz::kFooterSize) return;
  const auto written = estargz::encode_footer({found->toc_offset});
  const auto again = estargz::find_footer(written, blob_size);
  require(again && again->toc_offset == found->toc_offset);
}

void check_zstdchunked(ByteView tail) {
  if (tail.size() >= zstdchunked::kStargzFooterSize) {
    const auto bytes = tail.last<zstdchunked::kStargzFooterSize>();
    if (const auto range = zstdchunked::decode_stargz_footer(bytes)) {
      std::array<std::byte, zstdchunked::kStargzFooterSize> written{};
      zstdchunked::encode_stargz_footer(*range, written);
      require(std::equal(written.begin(), written.end(), bytes.begin()));
    }
  }
  if (tail.size() >= zstdchunked::kContainersFooterSize) {
    const auto bytes = tail.last<zstdchunked::kContainersFooterSize>();
    if (const auto footer = zstdchunked::decode_containers_footer(bytes)) {
      std::array<std::byte, zstdchunked::kContainersFooterSize> written{};
      zstdchunked::encode_containers_footer(*footer, written);
      require(std::equal(written.begin(), written.end(), bytes.begin()));
    }
  }
  for (const bool with_type : {true, false}) {
    if (const auto range = zstdchunked::parse_position(as_text(tail), with_type)) {
      require(zstdchunked::parse_position(zstdchunked::position_text(*range, with_type), with_type) == range);
    }
  }
}

void check_locate(ByteView blob) {
  io::MemorySource source(blob);
  try {
    const auto located = zstdchunked::locate_metadata({}, source);
    if (!located) return;
    require(located->toc.offset <= blob.size() && located->toc.compressed_size <= blob.size() - located->toc.offset);
  } catch (const FormatError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 8) return 0;
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  const ByteView tail = input.subspan(8);
  check_estargz(tail, std::max<std::uint64_t>(load_le<std::uint64_t>(input.data()), tail.size()));
  check_zstdchunked(tail);
  check_locate(tail);
  return 0;
}
