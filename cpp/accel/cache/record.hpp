/// One converted layer that is remembered: everything an image needs of it, so that nobody reads it again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "accel/cache/key.hpp"
#include "accel/oci/descriptor.hpp"

namespace accel::cache {

struct LayerRecord {
  RecordKey key;
  std::string format;  ///< name of the format; "" when nobody knows how the layer was made
  /// The converted blob. Its annotations are those that the format sets on the layer's descriptor, no others.
  oci::Descriptor target;
  hash::Digest source_diff_id;          ///< of the source layer, verified when it was converted
  hash::Digest diff_id;                 ///< of the converted layer
  std::uint64_t uncompressed_size = 0;  ///< bytes of the stream `diff_id` is over
  /// Bytes at the blob's end that hold what the image's own layer needs of it; 0: none, or not known.
  std::uint64_t part_bytes = 0;
  std::vector<std::string> drop_annotations;    ///< keys of the source's descriptor that must go
  oci::Annotations twin_annotations;            ///< instead of the target's, in the twin image
  bool refers_to_source = false;                ///< readers need the source layer as well
  std::optional<oci::Descriptor> external_toc;  ///< a second blob that belongs to the layer
  /// When it was last used, counted in records that were added to its manifest; 0: not known (policy.hpp).
  std::uint64_t last_use = 0;

  /// False for records of the reference system, which do not say with which options the layer was made. They are kept
  /// and shown, but a conversion cannot know whether it may use them.
  [[nodiscard]] bool is_usable() const noexcept { return !key.fingerprint.empty(); }
  friend bool operator==(const LayerRecord&, const LayerRecord&) = default;
};

/// The record as a layer of a cache manifest. With `for_reference` it has the annotation by which the reference system
/// finds it.
oci::Descriptor to_descriptor(const LayerRecord& record, bool for_reference);

/// Reads a layer of a cache manifest. Throws FormatError that says what is wrong with it.
LayerRecord parse_record(const oci::Descriptor& layer);

}  // namespace accel::cache
