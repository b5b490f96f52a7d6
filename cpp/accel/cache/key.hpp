/// What a converted layer is found by.
#pragma once

#include <compare>
#include <string_view>

#include "accel/hash/digest.hpp"
#include "accel/hash/hasher.hpp"

namespace accel::cache {

/// One source layer, made into one format with one set of options by one version of its encoder.
struct RecordKey {
  hash::Digest source;       ///< of the source layer's blob
  hash::Digest fingerprint;  ///< see fingerprint_of; empty: nobody knows how the layer was made
  friend auto operator<=>(const RecordKey&, const RecordKey&) = default;
};

/// The digest of formats::Format::fingerprint(), which names everything that converted bytes depend on besides the
/// source. A changed option is another key, so it can never bring a layer that was made with the old one.
inline hash::Digest fingerprint_of(std::string_view text) { return hash::sha256(as_bytes(text)); }

}  // namespace accel::cache
