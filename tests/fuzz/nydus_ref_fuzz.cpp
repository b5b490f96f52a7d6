// Layers that stay where they are, with an index of them (zran for gzip, positions for plain tars): whatever the layer
// and however it is compressed, what we index we read. Then bytes of the index are changed, under right headers and
// digests: readers give what is right or a documented error.
//
//     u8 kind · u8 changes · u8 members · (u16 place · u8 mask)[changes] · u16 end[members] · tar stream
//
// kind: 0 = a plain tar; else bits 0–3 the level (1 is 0), bits 4–5 zlib's strategy, bits 6–7 where it flushes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/formats/nydus/layout.hpp"
#include "accel/formats/nydus/meta_reader.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/io/memory.hpp"
#include "codec/zlib_reference.hpp"
#include "formats/nydus/encode_ref.hpp"
#include "nydus_blob.hpp"

namespace {

using namespace accel;
using namespace accel::formats::nydus;
using formats::nydus::testing::encode_ref;
using formats::nydus::testing::RefLayer;
using formats::nydus::testing::stored_ci;

struct Change {
  std::size_t place = 0;
  std::byte mask{};
};

struct Input {
  unsigned kind = 0;
  std::vector<Change> changes;
  std::vector<std::size_t> ends;  // of gzip members, ascending
  std::string_view tar;

  explicit Input(ByteView rest) {
    const auto byte = [&] {
      if (rest.empty()) return 0U;
      const auto value = std::to_integer<unsigned>(rest.front());
      rest = rest.subspan(1);
      return value;
    };
    const auto word = [&] {
      const unsigned low = byte();
      return std::size_t{low | byte() << 8U};
    };
    kind = byte();
    const unsigned change_count = byte() % 16;
    const unsigned member_count = byte() % 16;
    for (unsigned i = 0; i < change_count; ++i) {
      const std::size_t place = word();
      changes.push_back({place, static_cast<std::byte>(byte())});
    }
    for (unsigned i = 0; i < member_count; ++i) ends.push_back(word());
    std::ranges::sort(ends);
    tar = as_text(rest);
  }

  /// The layer as it is stored.
  [[nodiscard]] std::string layer() const {
    if (kind == 0) return std::string(tar);
    codec::DeflateSettings settings;
    settings.level = static_cast<int>(std::min((kind & 15U) == 1 ? 0U : kind & 15U, 9U));
    settings.strategy = (kind & 0x10U) != 0 ? Z_FIXED : (kind & 0x20U) != 0 ? Z_HUFFMAN_ONLY : Z_DEFAULT_STRATEGY;
    settings.flush_every = (kind & 0xC0U) != 0 ? 700 : 0;
    settings.flush = (kind & 0x40U) != 0 ? Z_SYNC_FLUSH : Z_FULL_FLUSH;
    settings.memory_level = 1;  // small blocks
    std::string stored;
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
      if (end < begin || end > tar.size()) continue;
      stored += codec::zlib_deflate(tar.substr(begin, end - begin), settings);
      begin = end;
    }
    return stored + codec::zlib_deflate(tar.substr(begin), settings);
  }
};

/// The blob of `layer` again, with a changed index that is not compressed.
Bytes with_changes(const RefLayer& layer, const std::vector<Change>& changes) {
  Rafs rafs = read_bootstrap(layer.part().bootstrap.view());
  Blob& blob = rafs.blobs.at(0);
  Bytes index = stored_ci(layer.part());
  for (const Change& change : changes) index[change.place % index.size()] ^= change.mask;
  Bytes header = layer.part().meta.header;
  store_le(header.data() + 8, static_cast<std::uint32_t>(Compressor::none));
  store_le(header.data() + 16, std::uint64_t{0});
  store_le(header.data() + 24, std::uint64_t{index.size()});
  blob.ci_compressor = Compressor::none;
  blob.ci_offset = 0;
  blob.ci_compressed_size = index.size();
  Bytes digests(std::size_t{32} * blob.chunk_count);
  for (const Chunk& chunk : rafs.chunks) {
    std::ranges::copy(chunk.digest, digests.begin() + static_cast<std::ptrdiff_t>(32 * chunk.index));
  }
  const Buffer bootstrap = write_bootstrap(rafs);
  fuzz::BlobBuilder builder;
  builder.entry(section::kMeta, index, 0, index.size());
  builder.entry(section::kMetaHeader, header, index.size(), kCiHeaderSize);
  index.insert(index.end(), header.begin(), header.end());
  builder.section(section::kMeta, index);
  builder.entry(section::kDigests, digests, builder.size(), digests.size());
  builder.section(section::kDigests, digests);
  builder.entry(section::kBootstrap, bootstrap.view(), builder.size(), bootstrap.size());
  builder.section(section::kBootstrap, bootstrap.view());
  builder.section(section::kToc, builder.toc());
  return builder.take();
}

std::optional<RefLayer> encode(std::string_view stored) {
  try {
    return encode_ref(stored);
  } catch (const FormatError&) {  // of a tar that is none
  } catch (const UnsupportedError&) {
  }
  return std::nullopt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Input input({reinterpret_cast<const std::byte*>(data), size});
  const std::string stored = input.layer();
  const auto encoded = encode(stored);
  if (!encoded) return 0;

  formats::OpenOptions options = fuzz::reader_limits();
  options.other_blobs = [&](const oci::Descriptor& wanted) {
    if (wanted.digest != hash::sha256(as_bytes(stored))) std::abort();
    return std::make_shared<io::MemorySource>(to_bytes(as_bytes(stored)));
  };
  oci::Descriptor layer;
  layer.media_type = kBlobMediaType;
  layer.digest = hash::sha256(encoded->blob);
  layer.size = encoded->blob.size();
  fuzz::Visitor visitor;
  // Nothing may be thrown here.
  open_reader(layer, std::make_shared<io::MemorySource>(Bytes(encoded->blob)), options)->verify(visitor, {}, {});

  if (encoded->part().meta.empty()) return 0;
  const auto changed = std::make_shared<io::MemorySource>(with_changes(*encoded, input.changes));
  layer.digest = {};
  fuzz::use_blob(layer, changed, options);
  return 0;
}
