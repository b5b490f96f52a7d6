#include "accel/cache/remote.hpp"

#include <algorithm>
#include <mutex>
#include <random>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/base/parallel.hpp"

namespace accel::cache {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kParallelDocuments = 4;
constexpr std::size_t kParallelQuestions = 8;
/// Writers that have looked at the tag set it within this time, or look again. Several times what a write usually
/// takes, for a machine that is busy.
constexpr milliseconds kShortestPause{300};
constexpr milliseconds kLongestPause{5000};
constexpr int kPausePerWrite = 5;  // times what our own write took
constexpr milliseconds kBackoff{50};
constexpr int kMostDoublings = 4;

double true_random() {
  thread_local std::mt19937 engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

class Push {
 public:
  Push(oci::Repository& repository, const std::string& tag, const Change& change, const PushOptions& options,
       const CancelToken& cancel)
      : repository_(repository), tag_(tag), change_(change), options_(options), cancel_(cancel) {}

  PushResult run(std::optional<CacheImage> known) {
    if (!known) known = read();
    for (;; known = read()) {
      const auto next = merge(known);
      if (!next) {
        if (known) result_.root = known->root.descriptor;
        return std::move(result_);
      }
      if (++result_.attempts > options_.max_attempts) {
        throw Error("other writers changed the cache " + std::to_string(options_.max_attempts) +
                        " times while it was being written",
                    "nothing is lost but the records of this conversion, which the next one adds");
      }
      if (!write(*next, known)) {
        back_off();
        continue;
      }
      result_.is_written = true;
      result_.added = std::max(result_.added, next->added);
      result_.dropped = std::max(result_.dropped, next->dropped);
      settle();
      if (stands(next->root.descriptor.digest)) {
        result_.root = next->root.descriptor;
        return std::move(result_);
      }
    }
  }

 private:
  [[nodiscard]] std::optional<CacheImage> read() const {
    ReadOptions options;
    options.version = options_.update.version;
    options.platforms = options_.platforms;
    return read_cache(repository_, tag_, options, cancel_).image;
  }

  [[nodiscard]] std::optional<Update> merge(const std::optional<CacheImage>& known) const {
    if (known && !known->is_cache) {
      throw UnsupportedError(repository_.name() + ":" + tag_ + " is no cache image and is not overwritten",
                             "give the cache a tag of its own");
    }
    return update(known, change_, options_.update);
  }

  /// False when the tag is not what `known` says: nothing was changed then.
  bool write(const Update& next, const std::optional<CacheImage>& known) {
    const auto start = options_.clock->now();
    ensure_config();
    run_parallel(next.manifests.size(), kParallelDocuments, cancel_, [&](std::size_t i, const CancelToken& token) {
      repository_.put_manifest(next.manifests[i], "", token);
    });
    if (!stands(known ? known->root.descriptor.digest : hash::Digest())) return false;
    const auto looked = options_.clock->now();
    repository_.put_manifest(next.root, tag_, cancel_);
    last_write_ = std::max(options_.clock->now() - looked, (looked - start) / 4);
    return true;
  }

  void ensure_config() {
    if (std::exchange(has_config_, true)) return;
    const oci::Descriptor config = empty_config();
    if (repository_.has_blob(config, cancel_)) return;
    const auto writer = repository_.create_blob(config.size, cancel_);
    writer->write(as_bytes(kEmptyConfig));
    writer->commit(config.digest, config.size);
  }

  [[nodiscard]] bool stands(const hash::Digest& expected) const {
    const auto now = repository_.stat_manifest(tag_, cancel_);
    return (now ? now->digest : hash::Digest()) == expected;
  }

  void settle() {
    const auto pause = std::chrono::duration_cast<milliseconds>(last_write_ * kPausePerWrite);
    wait(std::clamp(pause, kShortestPause, kLongestPause));
  }

  void back_off() { wait(kBackoff * (1 << std::min(result_.attempts, kMostDoublings))); }

  /// Between one and one and a half times `duration`.
  void wait(milliseconds duration) const {
    const double random = options_.random ? options_.random() : true_random();
    options_.clock->sleep(duration + milliseconds(static_cast<int>(random * static_cast<double>(duration.count()) / 2)),
                          cancel_);
  }

  oci::Repository& repository_;
  const std::string& tag_;
  const Change& change_;
  const PushOptions& options_;
  const CancelToken& cancel_;
  PushResult result_;
  bool has_config_ = false;
  std::chrono::steady_clock::duration last_write_{};
};

}  // namespace

std::set<hash::Digest> find_dead(oci::Repository& repository, const CacheImage& image, const CancelToken& cancel) {
  std::set<hash::Digest> asked;
  std::vector<oci::Descriptor> blobs;
  for (const CacheManifest& manifest : image.manifests) {
    for (const LayerRecord& record : manifest.records) {
      if (asked.insert(record.target.digest).second) blobs.push_back(record.target);
    }
  }
  std::mutex mutex;
  std::set<hash::Digest> dead;
  run_parallel(blobs.size(), kParallelQuestions, cancel, [&](std::size_t i, const CancelToken& token) {
    if (repository.has_blob(blobs[i], token)) return;
    const std::lock_guard lock(mutex);
    dead.insert(blobs[i].digest);
  });
  return dead;
}

PushResult push_cache(oci::Repository& repository, const std::string& tag, const Change& change,
                      std::optional<CacheImage> known, const PushOptions& options, const CancelToken& cancel) {
  try {
    return Push(repository, tag, change, options, cancel).run(std::move(known));
  } catch (const RegistryError& error) {
    if (error.status() != 400 && error.status() != 404) throw;
    ReadOptions read;
    read.version = options.update.version;
    read.platforms = options.platforms;
    const auto image = read_cache(repository, tag, read, cancel).image;
    if (!image) throw;
    Change again = change;
    const std::size_t before = again.dead.size();
    again.dead.merge(find_dead(repository, *image, cancel));
    if (again.dead.size() == before) throw;
    return Push(repository, tag, again, options, cancel).run(image);
  }
}

}  // namespace accel::cache
