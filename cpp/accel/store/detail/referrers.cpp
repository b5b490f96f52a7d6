#include "accel/store/detail/referrers.hpp"

#include <algorithm>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/referrer.hpp"

namespace accel::store::detail {

void ReferrerList::add(const oci::RawManifest& manifest) {
  try {
    if (oci::subject_of(manifest) == subject_) insert(oci::describe_referrer(manifest));
  } catch (const FormatError&) {
  } catch (const UnsupportedError&) {
  }
}

void ReferrerList::add_listed(const oci::RawManifest& index) {
  try {
    for (auto& entry : oci::parse_index(index.bytes).manifests) insert(std::move(entry));
  } catch (const FormatError&) {
  } catch (const UnsupportedError&) {
  }
}

void ReferrerList::insert(oci::Descriptor referrer) {
  const bool known =
      std::any_of(found_.begin(), found_.end(), [&](const auto& other) { return other.digest == referrer.digest; });
  if (!known) found_.push_back(std::move(referrer));
}

}  // namespace accel::store::detail
