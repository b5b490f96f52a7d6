/// Which records stay when a cache is full: the least recently used ones go.
///
/// Time is counted in records added to a manifest, not in seconds: a record can only be pushed out by others that are
/// added, no clock of any machine matters, and the same history gives the same bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "accel/cache/record.hpp"

namespace accel::cache {

/// The present: the latest use of any record; 0 without records.
std::uint64_t present(const std::vector<LayerRecord>& records) noexcept;

/// True when a record that is in use now must be written again to say so. Uses are noted only once a quarter of the
/// capacity has been added since, so that a conversion which adds nothing has nothing to write.
bool is_use_due(const LayerRecord& record, std::uint64_t present, std::size_t capacity) noexcept;

/// What a manifest may hold.
struct Capacity {
  std::size_t records = 200;
  std::size_t bytes = 3U << 20U;  ///< of all layer descriptors: registries refuse manifests above 4 MiB
};

/// Takes out the least recently used records until the rest fits. The others keep their order. Of records that were
/// used at the same time the last goes first, because lower layers are shared by more images; of those whose use is not
/// known the first, which is the oldest.
void evict(std::vector<LayerRecord>& records, const Capacity& capacity);

}  // namespace accel::cache
