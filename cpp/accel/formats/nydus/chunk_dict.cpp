#include "accel/formats/nydus/chunk_dict.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/compressor.hpp"

namespace accel::formats::nydus {

namespace {

void require_equal(const char* what, const std::string& dictionary, const std::string& layer) {
  if (dictionary == layer) return;
  throw ConfigError("the chunk dictionary has " + std::string(what) + " " + dictionary + ", the conversion " + layer,
                    "make both with the same options");
}

}  // namespace

ChunkDict::ChunkDict(Rafs rafs)
    : version_(rafs.version),
      chunk_size_(rafs.chunk_size),
      digester_(rafs.digester),
      compressor_(rafs.compressor),
      explicit_ids_(rafs.explicit_ids),
      blobs_(std::move(rafs.blobs)),
      chunks_(std::move(rafs.chunks)) {
  for (Blob& blob : blobs_) {
    if (blob.id == kOwnBlobId) {
      throw FormatError("read a chunk dictionary: the bootstrap is that of a layer, whose blob has no name",
                        "use the image that the layers were merged to");
    }
    blob.features &= ~feature::kInlinedFsMeta;
  }
  // Stable: of equal chunks in several blobs, the first stays first.
  std::ranges::stable_sort(chunks_, {}, &Chunk::digest);
}

const Chunk* ChunkDict::find(const RawDigest& digest, std::uint32_t size) const {
  auto chunk = std::ranges::lower_bound(chunks_, digest, {}, &Chunk::digest);
  for (; chunk != chunks_.end() && chunk->digest == digest; ++chunk) {
    if (chunk->uncompressed_size == size) return &*chunk;
  }
  return nullptr;
}

bool ChunkDict::has_blob(std::string_view id) const {
  return std::ranges::any_of(blobs_, [&](const Blob& blob) { return blob.id == id; });
}

void ChunkDict::check_fits(FsVersion version, std::uint32_t chunk_size, Digester digester,
                           Compressor compressor) const {
  const auto digester_name = [](Digester kind) { return kind == Digester::sha256 ? "SHA-256" : "BLAKE3"; };
  require_equal("RAFS version", std::to_string(static_cast<unsigned>(version_)),
                std::to_string(static_cast<unsigned>(version)));
  require_equal("chunk size", std::to_string(chunk_size_), std::to_string(chunk_size));
  require_equal("chunk digests of kind", digester_name(digester_), digester_name(digester));
  if (version == FsVersion::v5) {
    require_equal("compressor", std::string(to_string(compressor_)), std::string(to_string(compressor)));
  }
  require_equal("owners", explicit_ids_ ? "of the files" : "of whoever mounts it", "of the files");
}

}  // namespace accel::formats::nydus
