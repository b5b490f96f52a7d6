#include "accel/convert/layer_cache.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "accel/base/parallel.hpp"
#include "accel/cache/remote.hpp"
#include "accel/convert/blob_transfer.hpp"
#include "accel/io/tail.hpp"
#include "accel/store/local_store.hpp"

namespace accel::convert {

namespace {

/// More of a blob's end is not kept in memory, whatever a record says: what lies before is read when it is asked for.
constexpr std::uint64_t kMaxTailBytes = 16U << 20U;
constexpr std::size_t kParallelTransfers = 2;

/// The bytes are wrong, wherever they came from.
bool is_damage(const Error& error) {
  return dynamic_cast<const FormatError*>(&error) != nullptr || dynamic_cast<const DigestMismatch*>(&error) != nullptr;
}

std::shared_ptr<const formats::LayerPart> read_part(const cache::LayerRecord& record, const LayerTarget& target,
                                                    Tally& tally, const CancelToken& cancel) {
  const BusyClock::Scope busy(&tally.pull);
  const std::uint64_t bytes = std::min(record.part_bytes, kMaxTailBytes);
  io::TailSource tail(target.repository->blob_source(record.target, cancel), bytes);
  tally.read += bytes;
  return target.plan->format->read_part(record.target, tail);
}

cache::LayerRecord make_record(const PlannedLayer& source, const ConvertedLayer& made, const PlannedTarget& target,
                               const hash::Digest& fingerprint) {
  const formats::LayerResult& result = made.result;
  cache::LayerRecord record;
  record.key = {source.source.digest, fingerprint};
  record.format = target.driver;
  record.target.media_type = result.media_type;
  record.target.digest = made.blob.digest;
  record.target.size = made.blob.size;
  record.target.annotations = result.annotations;
  record.source_diff_id = source.diff_id;
  record.diff_id = result.diff_id.empty() ? source.diff_id : result.diff_id;
  record.uncompressed_size = result.uncompressed_size;
  record.part_bytes = result.part_bytes;
  record.drop_annotations = result.drop_annotations;
  record.twin_annotations = result.twin_annotations;
  record.refers_to_source = result.refers_to_source;
  if (made.external_toc) {
    record.external_toc.emplace();
    record.external_toc->digest = made.external_toc->digest;
    record.external_toc->size = made.external_toc->size;
  }
  return record;
}

}  // namespace

std::string uncacheable_because(const formats::Format& format) {
  const formats::ImageOptions options = format.image_options();
  if (!options.backend_type.empty()) return "its layers are in a backend, and a cache image can only name blobs";
  if (!options.encrypt_recipients.empty()) return "its layers are encrypted with keys of their own";
  return {};
}

LayerCache::LayerCache(const OpenImage& image, const ConvertRequest& request, const Environment& environment)
    : image_(image), request_(request), environment_(environment) {
  report_.reference = image.reference;
}

void LayerCache::warn(const std::string& what) const {
  environment_.log->warning("cache " + image_.reference + ": " + what);
}

void LayerCache::read(const CancelToken& cancel) {
  if (!is_trusted_) return;  // what is known was read before
  cache::ReadOptions options;
  options.version = request_.cache.version;
  options.platforms = request_.platforms;
  std::optional<store::LocalStore> kept;
  if (!environment_.store_dir.empty()) {
    options.keep = [&](const oci::RawManifest& document) {
      if (!kept) kept.emplace(environment_.store_dir, store::OpenMode::write);
      kept->add(as_bytes(document.bytes));
    };
  }
  try {
    cache::ReadResult result = cache::read_cache(*image_.repository, image_.tag, options, cancel);
    for (const std::string& warning : result.warnings) warn(warning);
    known_ = std::move(result.image);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    warn(std::string("the conversion goes on without it: ") + error.what());
  }
  if (!known_) return;
  for (const cache::CacheManifest& manifest : known_->manifests) {
    for (const cache::LayerRecord& record : manifest.records) {
      if (record.is_usable()) records_.emplace(record.key, record);
    }
  }
}

const cache::LayerRecord* LayerCache::find(const PlannedLayer& layer, const hash::Digest& fingerprint) const {
  if (!is_trusted_) return nullptr;
  const auto found = records_.find({layer.source.digest, fingerprint});
  // A config that lies about its layer must be found out by reading it, whether it was read before or not.
  if (found == records_.end() || found->second.source_diff_id != layer.diff_id) return nullptr;
  return &found->second;
}

std::optional<ConvertedLayer> LayerCache::take(const PlannedLayer& layer, const hash::Digest& fingerprint,
                                               const LayerTarget& target, JobState& job, const CancelToken& cancel) {
  const cache::LayerRecord* record = find(layer, fingerprint);
  std::optional<ConvertedLayer> result;
  bool is_dead = false;
  if (record != nullptr) {
    try {
      result = fetch(*record, layer, target, job, cancel);
    } catch (const Cancelled&) {
      throw;
    } catch (const NotFound&) {
      is_dead = true;
    } catch (const Error& error) {
      is_dead = is_damage(error);
      warn("layer " + record->target.digest.short_string() + (is_dead ? " is damaged and" : "") +
           " is converted anew: " + error.what());
    }
  }
  const std::lock_guard lock(mutex_);
  ++(result ? report_.hits : report_.misses);
  if (result) taken_.insert(record->target.digest);
  if (is_dead) dead_.insert(record->target.digest);
  return result;
}

ConvertedLayer LayerCache::fetch(const cache::LayerRecord& record, const PlannedLayer& layer, const LayerTarget& target,
                                 JobState& job, const CancelToken& cancel) {
  ConvertedLayer taken;
  taken.cached = true;
  taken.blob.digest = record.target.digest;
  taken.blob.size = record.target.size;
  formats::LayerResult& result = taken.result;
  const formats::Format& format = *target.plan->format;
  if (format.capabilities().image_layer) {
    // That its end can be read says that the blob is there, so nobody asks for it.
    try {
      result.part = read_part(record, target, job.tally, cancel);
    } catch (const NotFound&) {
      fetch_blob(record.target, target, job, cancel);
      result.part = read_part(record, target, job.tally, cancel);
    }
  } else {
    fetch_blob(record.target, target, job, cancel);
  }
  if (record.external_toc) {
    fetch_blob(*record.external_toc, target, job, cancel);
    taken.external_toc = record.external_toc;
  }
  result.media_type = format.layer_media_type(as_target(layer.source, target.plan->to_oci).media_type);
  result.diff_id = record.diff_id;
  result.uncompressed_size = record.uncompressed_size;
  result.part_bytes = record.part_bytes;
  result.annotations = record.target.annotations;
  result.drop_annotations = record.drop_annotations;
  result.twin_annotations = record.twin_annotations;
  result.refers_to_source = record.refers_to_source;
  const std::string id = layer.source.digest.to_string() + "@" + target.plan->driver;
  job.reporter.event("push", id, ProgressState::skipped, taken.blob.size, taken.blob.size, "cached");
  return taken;
}

/// Sees to it that the target's repository has the blob. Throws NotFound when nobody has it.
void LayerCache::fetch_blob(const oci::Descriptor& blob, const LayerTarget& target, JobState& job,
                            const CancelToken& cancel) {
  oci::Repository& to = *target.repository;
  if (to.name() == image_.repository->name()) {
    if (to.has_blob(blob, cancel)) return;
    throw NotFound("blob " + blob.digest.short_string() + " is not in " + to.name(), RegistryError::Fields{});
  }
  transfer_blob(blob, *image_.repository, to, job, blob.digest.to_string() + "@" + target.plan->driver, cancel);
}

bool LayerCache::is_suspect(const Error& error) const {
  if (report_.hits == 0 || !is_trusted_) return false;
  if (const auto* refused = dynamic_cast<const RegistryError*>(&error)) {
    // A manifest that names a blob which has gone meanwhile.
    return refused->status() == 400 || refused->status() == 404;
  }
  return is_damage(error) || dynamic_cast<const UnsupportedError*>(&error) != nullptr;
}

void LayerCache::distrust(const Error& error) {
  warn(std::string("the conversion begins again without it, as it failed with its layers: ") + error.what());
  is_trusted_ = false;
  report_.hits = report_.misses = 0;
  dead_.merge(taken_);
}

void LayerCache::add_records(const Image& image, const Plan& plan, const Finished& target,
                             cache::Change& change) const {
  for (const ImageNode* node : image.images()) {
    const auto found =
        std::find_if(change.platforms.begin(), change.platforms.end(),
                     [&](const cache::PlatformRecords& records) { return records.platform == node->platform; });
    cache::PlatformRecords& to = found != change.platforms.end()
                                     ? *found
                                     : change.platforms.emplace_back(cache::PlatformRecords{node->platform, {}});
    for (const oci::Descriptor& layer : node->manifest.layers) {
      const std::size_t i = plan.find(layer);
      const ConvertedLayer& made = (*target.layers)[i];
      if (made.action != LayerAction::convert) continue;
      to.records.push_back(made.cached ? records_.at({layer.digest, target.fingerprint})
                                       : make_record(plan.layers[i], made, *target.target, target.fingerprint));
    }
  }
}

void LayerCache::write(const Image& image, const Plan& plan, const std::vector<Finished>& targets, JobState& job,
                       const CancelToken& cancel) {
  const BusyClock::Scope busy(&job.tally.push);
  cache::PushOptions options;
  options.update.version = request_.cache.version;
  options.update.capacity.records = request_.cache.capacity;
  options.platforms = request_.platforms;
  options.clock = environment_.clock;
  try {
    cache::Change change;
    change.dead = dead_;
    for (const Finished& target : targets) {
      add_records(image, plan, target, change);
      if (target.repository->name() == image_.repository->name()) continue;
      // A registry takes no manifest that names blobs of another repository.
      run_parallel(target.layers->size(), kParallelTransfers, cancel, [&](std::size_t i, const CancelToken& token) {
        const ConvertedLayer& made = (*target.layers)[i];
        if (made.action != LayerAction::convert || made.cached) return;
        const std::string id = made.blob.digest.to_string() + "@cache";
        transfer_blob(made.blob, *target.repository, *image_.repository, job, id, token);
        if (made.external_toc)
          transfer_blob(*made.external_toc, *target.repository, *image_.repository, job, id, token);
      });
    }
    const cache::PushResult pushed =
        cache::push_cache(*image_.repository, image_.tag, change, std::move(known_), options, cancel);
    report_.added = pushed.added;
    report_.dropped = pushed.dropped;
  } catch (const Error& error) {  // cancelled too: the target is complete and has its tag
    warn(std::string("this conversion's layers are not added: ") + error.what());
  }
}

}  // namespace accel::convert
