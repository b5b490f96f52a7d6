/// JSON ⇄ values of this module.
/// All parsers throw FormatError on text that is not JSON, has wrong types, nests deeper than 64, is longer than
/// kMaxManifestBytes, or means different things to different readers: keys twice, known members in another case,
/// members of another kind of document. Docker schema 1 is an UnsupportedError. A known member that is null counts as
/// absent. Spec: image-spec v1.1 manifest.md, image-index.md, descriptor.md, config.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "accel/oci/config.hpp"
#include "accel/oci/descriptor.hpp"
#include "accel/oci/manifest.hpp"

namespace accel::oci {

inline constexpr std::size_t kMaxManifestBytes = 16U << 20U;
/// Most layers of a manifest, manifests of an index, and diffIDs or history entries of a config.
inline constexpr std::size_t kMaxDescriptors = 100'000;

Manifest parse_manifest(std::string_view json);
Index parse_index(std::string_view json);
ImageConfig parse_config(std::string_view json);
Descriptor parse_descriptor(std::string_view json);

/// The media type a manifest document declares or, when it declares none, the one its members imply.
std::string sniff_media_type(std::string_view json);

/// Canonical, compact, deterministic text: known members in the order of the spec, then unknown ones sorted.
std::string to_json(const Manifest& manifest);
std::string to_json(const Index& index);
std::string to_json(const Descriptor& descriptor);

/// `config.document` with rootfs.diff_ids and history replaced by those of `config`; all else is kept as it stands,
/// order and number formats included. A config without a document becomes a minimal one of its platform. With
/// `drop_parent_image`, member `Image` of `config` and `container_config` goes (estargz.md section 9.2).
std::string to_json(const ImageConfig& config, bool drop_parent_image);

/// Descriptor (digest, size, media type) of a document's bytes.
Descriptor describe(std::string_view media_type, std::string_view bytes);

}  // namespace accel::oci
