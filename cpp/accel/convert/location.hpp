/// Image locations as in skopeo: text → Repository and tag.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "accel/oci/repository.hpp"
#include "accel/registry/client.hpp"
#include "accel/store/stores.hpp"

namespace accel::convert {

/// `[docker://]host/repo[:tag][@digest]` · `oci:DIR[:TAG]` · `oci-archive:FILE[:TAG]` · `docker-archive:FILE[:REF]`.
struct Location {
  enum class Transport : unsigned char { registry, oci_layout, oci_archive, docker_archive };
  Transport transport = Transport::registry;
  oci::Reference reference;  ///< registry only
  std::string path;          ///< the others
  std::string tag;           ///< what Repository::get_manifest is asked for: tag or digest, "" = the only image

  /// Throws InvalidReference naming the text and the accepted forms.
  static Location parse(std::string_view text);
  /// Round trip of parse, in normalised form.
  [[nodiscard]] std::string to_string() const;
};

/// A location that an image is written to. A file location without a tag gets `latest`, as a registry reference does.
/// Throws what Location::parse throws, InvalidReference for a digest and UnsupportedError for docker-archive.
Location parse_target_location(std::string_view text);

/// A location that a cache image is kept at: as parse_target_location, and no archive, which cannot be changed.
Location parse_cache_location(std::string_view text);

/// Opens the place. Throws StoreError, UnsupportedError (writing to docker-archive).
std::shared_ptr<oci::Repository> open_location(const Location& location, registry::Client& client,
                                               store::OpenMode mode);

}  // namespace accel::convert
