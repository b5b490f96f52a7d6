#include "accel/store/detail/eviction_order.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

namespace accel::store::detail {

bool is_blob_name(const std::string& name) noexcept {
  constexpr std::size_t kDigits = 64;
  return name.size() == kDigits && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::vector<Candidate> eviction_order(const Folder& blobs, Catalog& catalog) {
  const auto uses = catalog.uses();
  std::vector<Candidate> found;
  for (auto& file : blobs.files(is_blob_name)) {
    const auto use = uses.find(file.name);
    found.push_back({std::move(file), use == uses.end() ? BlobUse{} : use->second});
  }
  std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
    return std::tie(a.use.uses, a.use.sequence, a.file.modified, a.file.name) <
           std::tie(b.use.uses, b.use.sequence, b.file.modified, b.file.name);
  });
  return found;
}

}  // namespace accel::store::detail
