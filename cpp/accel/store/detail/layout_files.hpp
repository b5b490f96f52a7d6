/// The files of an OCI image layout, in a directory or in an archive. Spec: image-spec v1.1 image-layout.md.
#pragma once

#include <string>
#include <string_view>

#include "accel/hash/digest.hpp"

namespace accel::store::detail {

inline constexpr const char* kVersionFile = "oci-layout";
inline constexpr const char* kIndexFile = "index.json";
/// The content of the version file we write.
inline constexpr std::string_view kLayoutVersion = R"({"imageLayoutVersion":"1.0.0"})";

/// "blobs/sha256/<hex>". Made of a parsed digest only, so it cannot lead out of the layout.
std::string blob_name(const hash::Digest& digest);
/// The digest whose blob_name `name` is; empty when there is none.
hash::Digest blob_digest(std::string_view name) noexcept;

/// Throws FormatError or UnsupportedError, naming `place`, unless `text` is the version file of a layout we can read.
void check_layout_version(const std::string& place, std::string_view text);

}  // namespace accel::store::detail
