/// Layers' file systems laid over each other. Spec: rafs-v6.md 17, corrections.md 1, 10.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "accel/formats/nydus/chunk_dict.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"
#include "accel/hash/digest.hpp"

namespace accel::formats::nydus {

/// One layer as it is merged.
struct MergeLayer {
  Rafs rafs;          ///< of the layer's own bootstrap
  hash::Digest blob;  ///< digest and size of its RAFS blob
  std::uint64_t blob_size = 0;
  RawDigest toc_digest{};  ///< of the RAFS blob's TOC; used for kSeparate blobs
  std::uint32_t toc_size = 0;
};

/// Merges layers one by one, so that only one of them is in memory besides the result: `add` for each, lowest first,
/// then `finish`. The work is linear in the names of all layers. Not thread-safe.
///
/// Whiteouts (`.wh.*`) are applied and disappear, those of the lowest layer too. A directory that its layer has no
/// entry for keeps the attributes it has below, as does the root. Hardlinked names stay so as far as they survive.
class Merger {
 public:
  /// `dictionary` (or null) tells a layer's own blob from those it shares; it outlives the merger.
  explicit Merger(const ChunkDict* dictionary = nullptr) : dictionary_(dictionary) {}

  /// Throws FormatError when the layer does not fit those below it (version, chunk size, digests, owners; for version
  /// 5 the compressor), when it has several blobs that are not the dictionary's, and for more than 20 million names.
  void add(MergeLayer layer);
  /// Puts a merged file system, whose blobs all have names, below a new directory of the root. Chunks with the same
  /// content will be one in the result, the first. The caller has seen to it that it fits those before it.
  void add_below(std::string_view directory, Rafs rafs);
  /// The file system of the image. Its blobs are those that files still need, in the order of first use
  /// (rafs-v6.md 6.2). `prefetch` are the patterns of the prefetch table, not yet checked (rafs-v6.md 14). Throws
  /// FormatError when there was no layer, or when two layers describe a chunk they share differently.
  Rafs finish(const std::vector<std::string>& prefetch);

 private:
  class LayerCopy;

  void take_parameters(const Rafs& rafs);
  void check_fits(const MergeLayer& layer) const;
  std::vector<std::uint32_t> add_blobs(MergeLayer& layer);
  std::uint32_t place_of(Blob blob);
  void overlay(LayerCopy& copy, Tree::Name directory);
  void apply_whiteouts(const std::vector<std::string_view>& names, Tree::Name directory);
  std::vector<std::uint32_t> unify_shared_chunks() const;
  void unify_equal_chunks(std::vector<std::uint32_t>& first) const;
  void keep_used();

  const ChunkDict* dictionary_;
  Rafs result_;
  std::size_t layers_ = 0;
  std::unordered_map<std::string, std::uint32_t> blob_index_;  // id → place in result_.blobs
  bool unify_equal_ = false;
  bool blobs_shared_ = false;  // some blob came with several layers
};

/// All layers at once.
Rafs merge(std::vector<MergeLayer> layers, const ChunkDict* dictionary, const std::vector<std::string>& prefetch);

}  // namespace accel::formats::nydus
