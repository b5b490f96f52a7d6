/// JSON ⇄ values of this module. The only place, besides base/json, that knows the JSON library.
/// All parsers throw FormatError on text that is not JSON, has wrong types, nests deeper than 64, or is longer than
/// kMaxManifestBytes; `what` names the document in messages ("manifest", "index", "config").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "accel/oci/config.hpp"
#include "accel/oci/descriptor.hpp"
#include "accel/oci/manifest.hpp"

namespace accel::oci {

inline constexpr std::size_t kMaxManifestBytes = 16U << 20U;

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

/// `config.document` with rootfs.diff_ids and history replaced by those of `config`; all else kept. With
/// `drop_parent_image`, member `Image` of `config` and `container_config` goes (estargz.md section 9.2).
std::string to_json(const ImageConfig& config, bool drop_parent_image);

/// Descriptor (digest, size, media type) of a document's bytes.
Descriptor describe(std::string_view media_type, std::string_view bytes);

}  // namespace accel::oci
