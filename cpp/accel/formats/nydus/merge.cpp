#include "accel/formats/nydus/merge.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/rafs/growth.hpp"
#include "accel/formats/nydus/rafs/numbering.hpp"
#include "accel/formats/nydus/rafs/prefetch.hpp"
#include "accel/fs/overlay.hpp"

namespace accel::formats::nydus {

using tar::EntryType;

namespace {

constexpr std::uint32_t kNone = UINT32_MAX;
constexpr std::size_t kMaxNames = 20'000'000;
constexpr const char* kConvertAnew = "convert all layers anew, with the same chunk dictionary";

[[noreturn]] void refuse(std::string problem, std::string hint = {}) {
  throw FormatError("merge layers: " + std::move(problem), std::move(hint));
}

void require_equal(const char* what, std::uint64_t layer, std::uint64_t below) {
  if (layer == below) return;
  refuse(
      "one has " + std::string(what) + " " + std::to_string(layer) + ", those below it have " + std::to_string(below),
      "convert all layers with the same options");
}

/// True when chunks of the one are where the other says.
bool is_same_blob(const Blob& left, const Blob& right) {
  const auto facts = [](const Blob& blob) {
    return std::tie(blob.chunk_count, blob.features, blob.uncompressed_size, blob.compressor, blob.ci_offset,
                    blob.ci_compressed_size, blob.meta_digest, blob.key, blob.iv);
  };
  return facts(left) == facts(right);
}

bool is_directory(const Tree& tree, Tree::Name name) { return tree.inode(name).type == EntryType::directory; }

}  // namespace

/// Copies what is needed of a layer to the result, everything once.
class Merger::LayerCopy {
 public:
  LayerCopy(const Rafs& layer, std::vector<std::uint32_t> blobs, Rafs& result)
      : layer_(layer),
        blobs_(std::move(blobs)),
        result_(result),
        inodes_(layer.tree.inode_count(), kNone),
        chunks_(layer.chunks.size(), kNone),
        xattrs_(layer.tree.xattr_sets(), kNone) {}

  [[nodiscard]] const Tree& tree() const noexcept { return layer_.tree; }

  /// The number in the result of the inode that `name` of the layer has.
  std::uint32_t inode(Tree::Name name) {
    std::uint32_t& copied = inodes_[layer_.tree.inode_number(name)];
    if (copied != kNone) return copied;
    Inode inode = layer_.tree.inode(name);
    if (inode.type == EntryType::symlink) {
      inode.link_target = result_.tree.add_text(layer_.tree.text(inode.link_target));
    }
    if (inode.xattrs != 0) {
      std::uint32_t& set = xattrs_[inode.xattrs];
      if (set == kNone) set = result_.tree.add_xattrs(layer_.tree.xattrs(inode.xattrs));
      inode.xattrs = set;
    }
    if (inode.chunk_count > 0) {
      const std::uint32_t first = inode.first_chunk;
      inode.first_chunk = static_cast<std::uint32_t>(result_.file_chunks.size());
      for (std::uint32_t i = 0; i < inode.chunk_count; ++i) {
        append_sparing(result_.file_chunks, chunk(layer_.file_chunks[first + i]));
      }
    }
    copied = result_.tree.add_inode(inode);
    return copied;
  }

 private:
  std::uint32_t chunk(std::uint32_t number) {
    std::uint32_t& copied = chunks_[number];
    if (copied != kNone) return copied;
    copied = static_cast<std::uint32_t>(result_.chunks.size());
    Chunk chunk = layer_.chunks[number];
    chunk.blob = blobs_[chunk.blob];
    append_sparing(result_.chunks, chunk);
    return copied;
  }

  const Rafs& layer_;
  std::vector<std::uint32_t> blobs_;  // by place in the layer: place in the result
  Rafs& result_;
  std::vector<std::uint32_t> inodes_, chunks_, xattrs_;  // by number in the layer: number in the result
};

void Merger::check_fits(const MergeLayer& layer) const {
  const Rafs& rafs = layer.rafs;
  require_equal("RAFS version", static_cast<std::uint64_t>(rafs.version), static_cast<std::uint64_t>(result_.version));
  require_equal("chunk size", rafs.chunk_size, result_.chunk_size);
  require_equal("digests of kind", static_cast<std::uint64_t>(rafs.digester),
                static_cast<std::uint64_t>(result_.digester));
  require_equal("explicit owners", rafs.explicit_ids ? 1 : 0, result_.explicit_ids ? 1 : 0);
  if (rafs.version == FsVersion::v5) {
    require_equal("compressor", static_cast<std::uint64_t>(rafs.compressor),
                  static_cast<std::uint64_t>(result_.compressor));
  }
}

/// Gives the layer's own blob its name and returns where each of its blobs is in the result (nydus-blob.md 16.1).
std::vector<std::uint32_t> Merger::add_blobs(MergeLayer& layer) {
  std::vector<std::uint32_t> places;
  bool has_own = false;
  for (Blob& blob : layer.rafs.blobs) {
    if (dictionary_ == nullptr || !dictionary_->has_blob(blob.id)) {
      if (has_own) refuse("one has several blobs that are not of the chunk dictionary", "merge with its dictionary");
      has_own = true;
      if (layer.blob.raw().size() != RawDigest{}.size()) refuse("the digest of a blob is no SHA-256");
      if ((blob.features & feature::kSeparate) != 0) {
        std::ranges::copy(layer.blob.raw(), blob.meta_digest.begin());
        blob.meta_size = layer.blob_size;
        blob.toc_digest = layer.toc_digest;
        blob.toc_size = layer.toc_size;
      } else {
        blob.id = layer.blob.hex();
      }
    }
    places.push_back(place_of(std::move(blob)));
  }
  return places;
}

/// Where the blob is in the result, which gets it if it is new.
std::uint32_t Merger::place_of(Blob blob) {
  blob.features &= ~feature::kInlinedFsMeta;
  const auto [known, is_new] = blob_index_.emplace(blob.id, static_cast<std::uint32_t>(result_.blobs.size()));
  const std::uint32_t place = known->second;
  if (is_new) {
    result_.blobs.push_back(std::move(blob));
    return place;
  }
  blobs_shared_ = true;
  if (!is_same_blob(result_.blobs[place], blob)) {
    refuse("two describe blob " + blob.id + " differently", kConvertAnew);
  }
  return place;
}

void Merger::take_parameters(const Rafs& rafs) {
  if (layers_++ == 0) {
    result_.version = rafs.version;
    result_.chunk_size = rafs.chunk_size;
    result_.digester = rafs.digester;
    result_.explicit_ids = rafs.explicit_ids;
  }
  if (layers_ == 1 || rafs.version == FsVersion::v6) result_.compressor = rafs.compressor;
}

void Merger::add(MergeLayer layer) {
  take_parameters(layer.rafs);
  check_fits(layer);
  std::vector<std::uint32_t> blobs = add_blobs(layer);
  LayerCopy copy(layer.rafs, std::move(blobs), result_);
  if (!copy.tree().inode(Tree::kRoot).implicit) result_.tree.set_inode(Tree::kRoot, copy.inode(Tree::kRoot));
  overlay(copy, Tree::kRoot);
}

void Merger::add_below(std::string_view directory, Rafs rafs) {
  take_parameters(rafs);
  unify_equal_ = true;
  std::vector<std::uint32_t> blobs;
  for (Blob& blob : rafs.blobs) blobs.push_back(place_of(std::move(blob)));
  LayerCopy copy(rafs, std::move(blobs), result_);
  overlay(copy, result_.tree.add(Tree::kRoot, directory, copy.inode(Tree::kRoot)));
}

/// Round 1 of rafs-v6.md 17.3: what the markers among `names` say of the children that `directory` has so far.
void Merger::apply_whiteouts(const std::vector<std::string_view>& names, Tree::Name directory) {
  for (const std::string_view name : names) {
    const fs::Whiteout whiteout = fs::whiteout_of(name);
    if (whiteout.kind == fs::Whiteout::Kind::opaque) {
      result_.tree.remove_children(directory);
    } else if (whiteout.kind == fs::Whiteout::Kind::file) {
      const Tree::Name hidden = result_.tree.child(directory, whiteout.target);
      if (hidden != Tree::kNone) result_.tree.remove(hidden);
    }
  }
}

/// Lays the layer's tree over what is below `root`.
void Merger::overlay(LayerCopy& copy, Tree::Name root) {
  const Tree& upper = copy.tree();
  Tree& lower = result_.tree;
  struct Pair {
    Tree::Name upper, lower;
  };
  std::vector<Pair> open{{Tree::kRoot, root}};
  std::vector<Tree::Name> kept;
  std::vector<std::string_view> markers;
  while (!open.empty()) {
    const Pair directory = open.back();
    open.pop_back();
    kept.clear();
    markers.clear();
    for (const Tree::Name child : upper.children(directory.upper)) {
      const std::string_view name = upper.name(child);
      if (fs::whiteout_of(name).kind == fs::Whiteout::Kind::none) {
        kept.push_back(child);
      } else {
        markers.push_back(name);
      }
    }
    apply_whiteouts(markers, directory.lower);
    for (const Tree::Name child : kept) {
      const bool becomes_directory = is_directory(upper, child);
      Tree::Name target = lower.child(directory.lower, upper.name(child));
      if (target == Tree::kNone) {
        if (lower.size() >= kMaxNames) refuse("more than " + std::to_string(kMaxNames) + " names");
        target = lower.add(directory.lower, upper.name(child), copy.inode(child));
      } else if (becomes_directory && is_directory(lower, target)) {
        if (!upper.inode(child).implicit) lower.set_inode(target, copy.inode(child));
      } else {
        lower.remove_children(target);
        lower.set_inode(target, copy.inode(child));
      }
      if (becomes_directory) open.push_back({child, target});
    }
  }
}

/// By chunk: the first one that is the same chunk of the same blob. Several layers may share a blob: one that the image
/// has twice, and those of the dictionary.
std::vector<std::uint32_t> Merger::unify_shared_chunks() const {
  const std::vector<Chunk>& chunks = result_.chunks;
  std::vector<std::uint32_t> first(chunks.size());
  for (std::uint32_t i = 0; i < first.size(); ++i) first[i] = i;
  if (!blobs_shared_) return first;
  std::vector<std::uint32_t> order = first;
  std::ranges::sort(order, {}, [&](std::uint32_t i) { return std::tuple(chunks[i].blob, chunks[i].index, i); });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const Chunk& left = chunks[order[i - 1]];
    const Chunk& right = chunks[order[i]];
    if (left.blob != right.blob || left.index != right.index) continue;
    if (left.digest != right.digest || left.compressed_offset != right.compressed_offset ||
        left.uncompressed_offset != right.uncompressed_offset || left.compressed_size != right.compressed_size ||
        left.uncompressed_size != right.uncompressed_size) {
      refuse("two describe chunk " + std::to_string(left.index) + " of blob " + result_.blobs[left.blob].id +
                 " differently",
             kConvertAnew);
    }
    first[order[i]] = first[order[i - 1]];
  }
  return first;
}

/// The same for chunks of any blobs that have the same content.
void Merger::unify_equal_chunks(std::vector<std::uint32_t>& first) const {
  const std::vector<Chunk>& chunks = result_.chunks;
  std::vector<std::uint32_t> order(chunks.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto content = [&](std::uint32_t i) { return std::tie(chunks[i].digest, chunks[i].uncompressed_size); };
  std::ranges::sort(order, [&](std::uint32_t left, std::uint32_t right) {
    return content(left) != content(right) ? content(left) < content(right) : left < right;
  });
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (content(order[i]) == content(order[i - 1])) first[order[i]] = first[order[i - 1]];
  }
}

/// Drops chunks and blobs that no file needs, and numbers the rest by first use.
void Merger::keep_used() {
  std::vector<std::uint32_t> same = unify_shared_chunks();
  if (unify_equal_) unify_equal_chunks(same);
  const std::vector<Chunk> chunks = std::exchange(result_.chunks, {});
  const std::vector<std::uint32_t> file_chunks = std::exchange(result_.file_chunks, {});
  std::vector<Blob> blobs = std::exchange(result_.blobs, {});
  std::vector<std::uint32_t> chunk_places(chunks.size(), kNone);
  std::vector<std::uint32_t> blob_places(blobs.size(), kNone);
  const Numbering numbering = number_names(result_.tree);
  for (std::uint32_t index = 1; index <= numbering.names.size(); ++index) {
    const std::uint32_t number = result_.tree.inode_number(numbering.names[index - 1]);
    if (numbering.first_index[number] != index) continue;
    Inode& inode = result_.tree.inode_at(number);
    inode.implicit = false;
    const std::uint32_t first = inode.first_chunk;
    inode.first_chunk = static_cast<std::uint32_t>(result_.file_chunks.size());
    for (std::uint32_t i = 0; i < inode.chunk_count; ++i) {
      const std::uint32_t chunk = same[file_chunks[first + i]];
      std::uint32_t& place = chunk_places[chunk];
      if (place == kNone) {
        std::uint32_t& blob_place = blob_places[chunks[chunk].blob];
        if (blob_place == kNone) {
          blob_place = static_cast<std::uint32_t>(result_.blobs.size());
          result_.blobs.push_back(std::move(blobs[chunks[chunk].blob]));
        }
        place = static_cast<std::uint32_t>(result_.chunks.size());
        append_sparing(result_.chunks, chunks[chunk]);
        result_.chunks.back().blob = blob_place;
      }
      append_sparing(result_.file_chunks, place);
    }
  }
}

Rafs Merger::finish(const std::vector<std::string>& prefetch) {
  if (layers_ == 0) refuse("the image has none");
  keep_used();
  // QUIRK: so does the reference, whether there are any or not (rafs-v6.md 17.4); of version 5 it looks at the inodes.
  result_.has_xattrs = result_.version == FsVersion::v6;
  for (PrefetchTarget& target : prefetch_targets(result_.tree, prefetch)) {
    result_.prefetch.push_back(std::move(target.path));
  }
  result_.tree.shrink();
  return std::move(result_);
}

Rafs merge(std::vector<MergeLayer> layers, const ChunkDict* dictionary, const std::vector<std::string>& prefetch) {
  Merger merger(dictionary);
  for (MergeLayer& layer : layers) merger.add(std::move(layer));
  return merger.finish(prefetch);
}

}  // namespace accel::formats::nydus
