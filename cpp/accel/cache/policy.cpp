#include "accel/cache/policy.hpp"

#include <algorithm>
#include <numeric>

#include "accel/oci/json.hpp"

namespace accel::cache {

namespace {

std::size_t written_bytes(const LayerRecord& record) {
  return oci::to_json(to_descriptor(record, true)).size() + 1;  // a comma
}

}  // namespace

std::uint64_t present(const std::vector<LayerRecord>& records) noexcept {
  std::uint64_t latest = 0;
  for (const LayerRecord& record : records) latest = std::max(latest, record.last_use);
  return latest;
}

bool is_use_due(const LayerRecord& record, std::uint64_t present, std::size_t capacity) noexcept {
  return present - std::min(record.last_use, present) >= std::max<std::size_t>(capacity / 4, 1);
}

void evict(std::vector<LayerRecord>& records, const Capacity& capacity) {
  std::vector<std::size_t> order(records.size());  // the first to go first
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (records[a].last_use != records[b].last_use) return records[a].last_use < records[b].last_use;
    return records[a].last_use == 0 ? a < b : a > b;
  });
  std::size_t bytes = 0;
  for (const LayerRecord& record : records) bytes += written_bytes(record);
  std::size_t left = records.size();
  std::vector<bool> gone(records.size());
  for (const std::size_t i : order) {
    if (left <= capacity.records && bytes <= capacity.bytes) break;
    gone[i] = true;
    --left;
    bytes -= written_bytes(records[i]);
  }
  std::size_t i = 0;
  std::erase_if(records, [&](const LayerRecord&) { return gone[i++]; });
}

}  // namespace accel::cache
