#include "accel/cache/update.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "accel/cache/annotation.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::cache {

namespace {

/// One manifest of the new cache image.
struct Slot {
  CacheManifest manifest;
  bool is_read = false;  ///< its content is known; else only the descriptor, and it stays as it is
  bool is_changed = false;
};

/// The reference system knows one layer for each source layer. It gets one that it can use, if there is one: it makes
/// nydus layers, whatever else it is asked for.
std::set<const LayerRecord*> choose_for_reference(const std::vector<LayerRecord>& records) {
  const auto is_nydus = [](const LayerRecord& record) {
    return record.target.media_type == "application/vnd.oci.image.layer.nydus.blob.v1";
  };
  std::map<hash::Digest, const LayerRecord*> chosen;
  for (const LayerRecord& record : records) {
    const auto [found, fresh] = chosen.emplace(record.key.source, &record);
    if (!fresh && is_nydus(record) && !is_nydus(*found->second)) found->second = &record;
  }
  std::set<const LayerRecord*> result;
  for (const auto& [source, record] : chosen) result.insert(record);
  // One that says nothing else would not be found by anybody.
  for (const LayerRecord& record : records) {
    if (!record.is_usable()) result.insert(&record);
  }
  return result;
}

class Updater {
 public:
  Updater(const std::optional<CacheImage>& old, const UpdateOptions& options) : old_(old), options_(options) {
    if (!old) return;
    if (!old->index) {
      slots_.push_back({old->manifests.front(), true, false});
      return;
    }
    for (const oci::Descriptor& child : old->index->manifests) {
      const auto found = std::find_if(old->manifests.begin(), old->manifests.end(),
                                      [&](const CacheManifest& manifest) { return manifest.descriptor == child; });
      Slot& slot = slots_.emplace_back();
      slot.is_read = found != old->manifests.end();
      if (slot.is_read) {
        slot.manifest = *found;
      } else {
        slot.manifest.descriptor = child;
        if (child.platform) slot.manifest.platform = *child.platform;
      }
    }
  }

  std::optional<Update> run(const Change& change) {
    std::set<hash::Digest> dead = change.dead;
    for (const PlatformRecords& platform : change.platforms) {
      // A layer that was made again is the same blob again.
      for (const LayerRecord& record : platform.records) dead.erase(record.target.digest);
      if (!platform.records.empty()) merge(slot_for(platform.platform), platform.records);
    }
    for (Slot& slot : slots_) {
      if (!slot.is_read || !slot.manifest.is_current) continue;
      auto& records = slot.manifest.records;
      const std::size_t before = records.size();
      std::erase_if(records, [&](const LayerRecord& record) { return dead.contains(record.target.digest); });
      evict(records, options_.capacity);
      result_.dropped += before - records.size();
      slot.is_changed |= before != records.size();
    }
    if (std::none_of(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.is_changed; })) return {};
    write();
    return std::move(result_);
  }

 private:
  /// The manifest for `platform`, a new one if there is none.
  Slot& slot_for(const oci::Platform& platform) {
    for (Slot& slot : slots_) {
      const oci::Platform& own = slot.manifest.platform;
      if (own.os.empty() ? platform.os.empty() : own.matches(platform)) return slot;
    }
    // A single manifest that does not say what it is for is for whoever comes first.
    if (old_ && !old_->index && slots_.front().manifest.platform.os.empty()) {
      slots_.front().manifest.platform = platform;
      return slots_.front();
    }
    Slot& slot = slots_.emplace_back();
    slot.manifest.platform = platform;
    return slot;
  }

  /// Makes the slot a manifest of the current version, empty if it was not one.
  void begin(Slot& slot) {
    CacheManifest& manifest = slot.manifest;
    if (!slot.is_read) {
      manifest.manifest = {};
      manifest.manifest.media_type = oci::kOciManifest;
      manifest.manifest.config = empty_config();
      manifest.descriptor.media_type = oci::kOciManifest;
    }
    if (slot.is_read && manifest.is_current) return;
    result_.dropped += manifest.manifest.layers.size();
    manifest.records.clear();
    manifest.is_current = slot.is_read = slot.is_changed = true;
  }

  void merge(Slot& slot, const std::vector<LayerRecord>& used) {
    begin(slot);
    std::vector<LayerRecord>& records = slot.manifest.records;
    std::map<RecordKey, std::size_t> places;
    for (std::size_t i = 0; i < records.size(); ++i) places.emplace(records[i].key, i);
    const std::uint64_t before = present(records);
    std::set<std::size_t> touched;
    std::uint64_t added = 0;
    bool is_due = false;
    for (const LayerRecord& record : used) {
      const auto [place, fresh] = places.emplace(record.key, records.size());
      if (fresh) {
        records.push_back(record);
        ++added;
      } else {
        LayerRecord& known = records[place->second];
        is_due |= is_use_due(known, before, options_.capacity.records);
        const std::uint64_t last_use = std::exchange(known.last_use, record.last_use);
        if (known != record) {
          known = record;
          ++added;
        }
        known.last_use = last_use;
      }
      touched.insert(place->second);
    }
    result_.added += added;
    slot.is_changed |= added > 0 || is_due;
    if (!slot.is_changed) return;
    const std::uint64_t now = before + std::max<std::uint64_t>(added, 1);
    for (const std::size_t i : touched) records[i].last_use = now;
  }

  void write() {
    for (Slot& slot : slots_) {
      if (slot.is_changed) write_manifest(slot.manifest);
    }
    if (slots_.size() == 1 && !(old_ && old_->index)) {
      result_.root = std::move(documents_.at(slots_.front().manifest.descriptor.digest));
      return;
    }
    oci::Index index;
    index.media_type = oci::kOciIndex;
    std::string media_type(oci::kOciIndex);
    if (old_ && old_->index) {
      index = *old_->index;
      media_type = old_->root.descriptor.media_type;
    }
    index.manifests.clear();
    for (const Slot& slot : slots_) {
      oci::Descriptor child = slot.manifest.descriptor;
      if (!child.platform && !slot.manifest.platform.os.empty()) child.platform = slot.manifest.platform;
      index.manifests.push_back(std::move(child));
      auto document = documents_.extract(slot.manifest.descriptor.digest);
      if (!document.empty()) result_.manifests.push_back(std::move(document.mapped()));
    }
    result_.root.bytes = oci::to_json(index);
    result_.root.descriptor = oci::describe(media_type, result_.root.bytes);
  }

  /// Makes the document of a manifest and lets its descriptor name it.
  void write_manifest(CacheManifest& cache) {
    oci::Manifest& manifest = cache.manifest;
    const auto for_reference = choose_for_reference(cache.records);
    manifest.layers.clear();
    for (const LayerRecord& record : cache.records) {
      manifest.layers.push_back(to_descriptor(record, for_reference.contains(&record)));
    }
    if (!options_.version.empty()) manifest.annotations[std::string(kVersionKey)] = options_.version;
    if (!cache.platform.os.empty()) manifest.annotations[std::string(kPlatformKey)] = cache.platform.to_string();
    oci::RawManifest document;
    document.bytes = oci::to_json(manifest);
    document.descriptor = oci::describe(cache.descriptor.media_type, document.bytes);
    cache.descriptor.digest = document.descriptor.digest;
    cache.descriptor.size = document.descriptor.size;
    cache.descriptor.unknown.erase("data");
    documents_.insert_or_assign(document.descriptor.digest, std::move(document));
  }

  const std::optional<CacheImage>& old_;
  const UpdateOptions& options_;
  std::vector<Slot> slots_;
  std::map<hash::Digest, oci::RawManifest> documents_;  // new manifests
  Update result_;
};

}  // namespace

oci::Descriptor empty_config() { return oci::describe(oci::kOciConfig, kEmptyConfig); }

std::optional<Update> update(const std::optional<CacheImage>& old, const Change& change, const UpdateOptions& options) {
  return Updater(old, options).run(change);
}

}  // namespace accel::cache
