/// Annotation keys of OCI and of container tools that belong to no format of ours, and how annotations are read.
#pragma once

#include <string>
#include <string_view>

#include "accel/oci/descriptor.hpp"

namespace accel::oci {

inline constexpr std::string_view kRefNameAnnotation = "org.opencontainers.image.ref.name";
inline constexpr std::string_view kCreatedAnnotation = "org.opencontainers.image.created";
/// Docker/BuildKit: marks an index child as an attestation and names the manifest it describes.
inline constexpr std::string_view kReferenceTypeAnnotation = "vnd.docker.reference.type";
inline constexpr std::string_view kReferenceDigestAnnotation = "vnd.docker.reference.digest";
inline constexpr std::string_view kAttestationManifest = "attestation-manifest";

/// The value of an annotation; "" when it is absent.
std::string annotation(const Annotations& annotations, std::string_view key);
std::string annotation(const Descriptor& descriptor, std::string_view key);

}  // namespace accel::oci
