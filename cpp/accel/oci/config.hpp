/// The image config: only what conversion must read or change; everything else is kept as it is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "accel/hash/digest.hpp"
#include "accel/oci/platform.hpp"

namespace accel::oci {

/// One entry of the config's `history`, with all members kept in `json`.
struct History {
  std::string json;  ///< the whole entry as a JSON object
  bool empty_layer = false;
};

/// A parsed image config. `document` is the whole JSON text it was read from; serialisation starts from it, so that
/// members we do not know, and their order, survive.
struct ImageConfig {
  Platform platform;
  std::vector<hash::Digest> diff_ids;  ///< base to top
  std::vector<History> history;
  std::string document;
};

/// History entries that stand for a layer. A consistent config has none at all or one for each layer (correction 16).
std::size_t non_empty_history(const ImageConfig& config) noexcept;

}  // namespace accel::oci
