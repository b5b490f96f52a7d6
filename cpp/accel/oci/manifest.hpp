/// Image manifest and index, OCI or Docker schema 2. See descriptor.hpp for unknown members.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/oci/descriptor.hpp"

namespace accel::oci {

/// A manifest or index exactly as a repository holds it: what digests are computed over.
struct RawManifest {
  Descriptor descriptor;  ///< media type, digest and size of `bytes`
  std::string bytes;
};

struct Manifest {
  std::string media_type;  ///< as the document declares it; "" when it does not (OCI allows that)
  std::string artifact_type;
  Descriptor config;
  std::vector<Descriptor> layers;  ///< base to top
  std::optional<Descriptor> subject;
  Annotations annotations;
  UnknownMembers unknown;
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

struct Index {
  std::string media_type;  ///< as for Manifest
  std::string artifact_type;
  std::vector<Descriptor> manifests;
  std::optional<Descriptor> subject;
  Annotations annotations;
  UnknownMembers unknown;
  friend bool operator==(const Index&, const Index&) = default;
};

}  // namespace accel::oci
