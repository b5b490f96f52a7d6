/// What a conversion will do: which layers there are, and what becomes of each in each target. No data is read for it.
#pragma once

#include <compare>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "accel/convert/image.hpp"
#include "accel/convert/request.hpp"
#include "accel/formats/format.hpp"
#include "accel/oci/repository.hpp"

namespace accel::convert {

/// What a target does with one source layer.
enum class LayerAction : unsigned char {
  convert,
  keep,  ///< already of the target's format: taken over if it verifies, else converted
  leave  ///< foreign and only to be had from its URLs: the descriptor stays, no bytes are touched
};

/// Names a layer: the media type belongs to it, because a target's media type follows from the source's.
struct LayerKey {
  hash::Digest digest;
  std::string media_type;
  friend auto operator<=>(const LayerKey&, const LayerKey&) = default;
};
LayerKey key_of(const oci::Descriptor& layer);

/// One distinct layer, however often and in however many images it occurs: it is read and converted once.
struct PlannedLayer {
  oci::Descriptor source;            ///< of its first occurrence
  hash::Digest diff_id;              ///< what the configs say
  std::string platforms;             ///< "linux/amd64, linux/arm64", for messages
  std::vector<LayerAction> actions;  ///< one a target
};

/// One target with what its request and its format imply.
struct PlannedTarget {
  std::string driver;
  std::shared_ptr<const formats::Format> format;
  bool to_oci = false;             ///< Docker media types become OCI ones
  std::vector<std::string> notes;  ///< what the user did not ask for
};

struct Plan {
  std::vector<PlannedTarget> targets;
  std::vector<PlannedLayer> layers;       ///< in order of first occurrence
  std::map<LayerKey, std::size_t> index;  ///< of a layer in `layers`

  /// Index into `layers`. The layer must be one of the planned image.
  [[nodiscard]] std::size_t find(const oci::Descriptor& layer) const { return index.at(key_of(layer)); }
};

/// The descriptor as a target sees it: with OCI media type where it wants that.
oci::Descriptor as_target(const oci::Descriptor& layer, bool to_oci);

/// Plans the conversion of `image`. Asks `source` only whether foreign layers are there. Throws UnsupportedError naming
/// the media type of a layer that cannot be converted, FormatError when two configs give one layer different diffIDs.
Plan make_plan(const Image& image, const ConvertRequest& request,
               const std::vector<std::shared_ptr<const formats::Format>>& formats, oci::Repository& source,
               const CancelToken& cancel);

}  // namespace accel::convert
