/// The documents of the OCI image spec (and Docker schema 2) as plain values.
/// Unknown JSON members survive a round trip: each struct keeps them in `unknown` (member name → JSON text).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "accel/hash/digest.hpp"
#include "accel/oci/platform.hpp"

namespace accel::oci {

using hash::Digest;
using Annotations = std::map<std::string, std::string>;
using UnknownMembers = std::map<std::string, std::string>;

struct Descriptor {
  std::string media_type;
  Digest digest;
  std::uint64_t size = 0;  ///< bytes of the blob as stored
  std::vector<std::string> urls;
  Annotations annotations;
  std::optional<Platform> platform;
  std::string artifact_type;
  UnknownMembers unknown;
  friend bool operator==(const Descriptor&, const Descriptor&) = default;
};

}  // namespace accel::oci
