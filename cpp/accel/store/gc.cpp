#include "accel/store/gc.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/store/detail/catalog.hpp"
#include "accel/store/detail/eviction_order.hpp"
#include "accel/store/detail/ingest_file.hpp"
#include "accel/store/detail/store_directory.hpp"
#include "accel/store/local_store.hpp"

namespace accel::store {

namespace {

using detail::Removal;

/// Seconds after which nobody will go on with an unfinished download.
constexpr std::int64_t kStale = std::int64_t{24} * 60 * 60;

/// Records are a few hundred bytes each: some tens of megabytes.
constexpr std::uint64_t kMostRecords = 100'000;

/// Evicted blobs that are forgotten in one transaction.
constexpr std::size_t kBatch = 64;

/// A clock that went backwards leaves files of the future; they must not stay for ever.
bool is_stale(std::int64_t modified, std::int64_t now) noexcept {
  return now - modified > kStale || modified - now > kStale;
}

/// Waits seven times as long as a removal took, and 3 ms at least. Freeing a file's blocks keeps the journal of the
/// file system busy long after the removal itself, for which conversions wait that write to the same disk
/// (tests/bench/e2e, case eviction, on ext4 with `discard`: they took 23 % longer beside a collector that did not rest,
/// 5 to 8 % beside one that rested 1 ms for each MiB).
void rest(Clock& clock, std::chrono::steady_clock::duration removal, const CancelToken& cancel) {
  using std::chrono::milliseconds;
  const auto wait = std::chrono::ceil<milliseconds>(7 * removal);
  if (removal < std::chrono::microseconds(10)) return;
  clock.sleep(std::clamp(wait, milliseconds(3), milliseconds(200)), cancel);
}

}  // namespace

CollectReport LocalStore::collect(const CollectOptions& options, const CancelToken& cancel) {
  if (options.percent > 100) {
    throw ConfigError("collect down to " + std::to_string(options.percent) + " % of the threshold: want 0 to 100");
  }
  if (!options.dry_run) {
    directory_->check_writable();
    detail::remove_dead(*directory_);
  }
  const detail::Folder& blobs = directory_->blobs;
  const detail::Folder& ingest = directory_->ingest;

  // The files are the truth, so this is exact whatever other processes did meanwhile.
  auto candidates = detail::eviction_order(blobs, *catalog_);
  auto unfinished = detail::unfinished_files(ingest);
  CollectReport report;
  for (const auto& candidate : candidates) report.before_bytes += candidate.file.disk_bytes;
  for (const auto& file : unfinished) report.before_bytes += file.disk_bytes;
  report.after_bytes = report.before_bytes;
  report.target_bytes = part_of(options.threshold, options.percent);
  const auto too_big = [&] { return options.threshold > 0 && report.after_bytes > report.target_bytes; };
  const auto remove = [&](const detail::Folder& folder, const std::string& name) {
    if (options.dry_run) return folder.in_use(name) ? Removal::in_use : Removal::removed;
    const auto begin = std::chrono::steady_clock::now();
    const Removal removal = folder.remove_unused(name);
    rest(*clock_, std::chrono::steady_clock::now() - begin, cancel);
    return removal;
  };

  const std::int64_t now = catalog_->now();
  for (const auto& file : unfinished) {
    cancel.check();
    if (!detail::is_partial_name(file.name) || !(too_big() || is_stale(file.modified, now))) continue;
    const Removal removal = remove(ingest, file.name);
    if (removal == Removal::in_use) continue;
    report.after_bytes -= file.disk_bytes;
    if (removal == Removal::absent) continue;  // completed or removed by another process
    ++report.removed_partials;
    report.removed_partial_bytes += file.disk_bytes;
  }

  std::vector<std::pair<std::string, std::uint64_t>> gone;
  for (const auto& [file, use] : candidates) {
    if (!too_big()) break;
    cancel.check();
    const Removal removal = remove(blobs, file.name);
    if (removal == Removal::in_use) {
      ++report.pinned_blobs;
      report.pinned_bytes += file.disk_bytes;
      continue;
    }
    report.after_bytes -= file.disk_bytes;
    if (removal == Removal::absent) continue;  // another collector was quicker
    ++report.evicted_blobs;
    report.evicted_bytes += file.disk_bytes;
    if (options.dry_run) continue;
    gone.emplace_back(file.name, use.sequence);
    if (gone.size() < kBatch) continue;
    catalog_->forget(gone);
    gone.clear();
  }
  if (options.dry_run) return report;
  catalog_->forget(gone);
  catalog_->trim_records(kMostRecords);
  return report;
}

}  // namespace accel::store
