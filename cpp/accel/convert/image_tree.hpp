/// The merged file tree of one stored image, every byte of it verified.
#pragma once

#include <atomic>
#include <cstdint>
#include <set>

#include "accel/convert/image.hpp"
#include "accel/convert/layer_opener.hpp"
#include "accel/convert/tally.hpp"
#include "accel/fs/tree.hpp"

namespace accel::convert {

/// What was read for trees. Thread-safe.
struct TreeCounters {
  std::atomic<std::uint64_t> content_bytes{0};  ///< of files
  std::atomic<std::uint64_t> blobs_verified{0};
};

/// How the entries of a layer are found.
enum class TreeSource : unsigned char {
  data,     ///< by reading and verifying everything
  tar,      ///< the same, but as a client reads it that knows no format
  metadata  ///< from the format's index where it has one; plain layers have none and are read whole
};

/// Builds the tree of `image` from its layers but those in `skip`. Up to `threads` layers are read at the
/// same time, each by the reader of its format; what they hold is put together base first, and a layer that is too far
/// ahead waits, so memory is that of the tree and a few thousand entries. Throws FormatError, DigestMismatch.
fs::Tree build_tree(const ImageNode& image, const std::set<hash::Digest>& skip, TreeSource from, LayerOpener& opener,
                    std::size_t threads, JobState& job, TreeCounters& counters, const CancelToken& cancel);

}  // namespace accel::convert
