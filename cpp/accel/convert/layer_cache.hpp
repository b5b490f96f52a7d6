/// The remote cache of one conversion: what it takes from there and what it leaves for the next. Trouble with the cache
/// is a warning in the log, never a failure. Spec: service.md section 6.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/cache/cache_image.hpp"
#include "accel/cache/record.hpp"
#include "accel/cache/update.hpp"
#include "accel/convert/conversion.hpp"
#include "accel/convert/layer_pipeline.hpp"
#include "accel/convert/planner.hpp"
#include "accel/convert/tally.hpp"

namespace accel::convert {

/// Why layers of a target cannot be remembered; "" when they can.
std::string uncacheable_because(const formats::Format& format);

/// Methods are thread-safe once `read` has returned, but for `write` and `distrust`.
class LayerCache {
 public:
  /// All must outlive it.
  LayerCache(const OpenImage& image, const ConvertRequest& request, const Environment& environment);

  /// Reads the cache image. Throws Cancelled only.
  void read(const CancelToken& cancel);

  /// What is known of `layer` for a target with this fingerprint; null if nothing is.
  [[nodiscard]] const cache::LayerRecord* find(const PlannedLayer& layer, const hash::Digest& fingerprint) const;

  /// Takes the layer over: its blob is in the target's repository, and what the image's own layer needs of it has been
  /// read. Nothing when it is not known or not to be had, and it must be converted. Throws Cancelled only.
  std::optional<ConvertedLayer> take(const PlannedLayer& layer, const hash::Digest& fingerprint,
                                     const LayerTarget& target, JobState& job, const CancelToken& cancel);

  /// True when `error`, which ended the conversion, may be the fault of a layer that was taken.
  [[nodiscard]] bool is_suspect(const Error& error) const;
  /// From now on nothing is taken, and what was is forgotten when the cache is written.
  void distrust(const Error& error);

  /// The layers of all targets that can be remembered, found or made.
  struct Finished {
    const PlannedTarget* target = nullptr;
    oci::Repository* repository = nullptr;  ///< where the blobs are
    hash::Digest fingerprint;
    const std::vector<ConvertedLayer>* layers = nullptr;
  };
  /// Merges them into the cache image. Throws nothing: the targets are complete.
  void write(const Image& image, const Plan& plan, const std::vector<Finished>& targets, JobState& job,
             const CancelToken& cancel);

  [[nodiscard]] const CacheReport& report() const noexcept { return report_; }

 private:
  ConvertedLayer fetch(const cache::LayerRecord& record, const PlannedLayer& layer, const LayerTarget& target,
                       JobState& job, const CancelToken& cancel);
  void fetch_blob(const oci::Descriptor& blob, const LayerTarget& target, JobState& job, const CancelToken& cancel);
  void add_records(const Image& image, const Plan& plan, const Finished& target, cache::Change& change) const;
  void warn(const std::string& what) const;

  const OpenImage& image_;
  const ConvertRequest& request_;
  const Environment& environment_;
  std::optional<cache::CacheImage> known_;
  std::map<cache::RecordKey, cache::LayerRecord> records_;
  bool is_trusted_ = true;
  mutable std::mutex mutex_;  // of what follows
  CacheReport report_;
  std::set<hash::Digest> taken_;  // target blobs
  std::set<hash::Digest> dead_;   // target blobs that are gone or damaged
};

}  // namespace accel::convert
