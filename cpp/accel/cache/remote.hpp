/// Cache images in repositories that several writers change at the same time. Spec: service.md section 6.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "accel/base/cancel.hpp"
#include "accel/base/clock.hpp"
#include "accel/cache/cache_image.hpp"
#include "accel/cache/update.hpp"
#include "accel/oci/repository.hpp"

namespace accel::cache {

struct PushOptions {
  UpdateOptions update;
  std::vector<oci::Platform> platforms;  ///< as ReadOptions::platforms; those of the change must be among them
  /// How often the whole of reading, merging and writing is tried while others write.
  int max_attempts = 30;
  std::shared_ptr<Clock> clock = system_clock();
  std::function<double()> random;  ///< 0 ≤ value < 1; unset: true random numbers
};

struct PushResult {
  oci::Descriptor root;  ///< what the tag points to; no digest when there is no cache
  std::size_t added = 0, dropped = 0;
  bool is_written = false;  ///< false: all of it was there
  int attempts = 0;
};

/// Merges `change` into the cache image under `tag`, also while others do the same.
///
/// A registry cannot compare and swap. So the tag is looked at right before it is set, and again after a pause in which
/// every writer that had looked at it before is done; whoever finds somebody else's document there merges again, until
/// the tag points to one that holds all of `change`. `known` is what a read just now gave and saves one; it may be
/// stale.
///
/// Registries refuse a manifest that names a blob they do not have (any more): then the records of such blobs are
/// dropped and it is tried once more.
///
/// Throws UnsupportedError when something that is no cache stands under the tag: it is never overwritten; Error when
/// `max_attempts` were not enough; what the repository throws.
PushResult push_cache(oci::Repository& repository, const std::string& tag, const Change& change,
                      std::optional<CacheImage> known, const PushOptions& options, const CancelToken& cancel);

/// Target blobs of the image's records that `repository` does not have, asked side by side.
std::set<hash::Digest> find_dead(oci::Repository& repository, const CacheImage& image, const CancelToken& cancel);

}  // namespace accel::cache
