/// Local places that hold images. All give an oci::Repository.
#pragma once

#include <memory>
#include <string>

#include "accel/oci/repository.hpp"

namespace accel::store {

enum class OpenMode : unsigned char { read, write };

/// An OCI image layout directory. With `write` it is made when absent, by the first write; files appear whole
/// (temporary file and rename) and index.json is replaced atomically, under a lock that other processes of ours
/// respect. A tag is the annotation org.opencontainers.image.ref.name. An empty tag in get_manifest means the only
/// entry of index.json. Manifests put without a tag are listed there by `finish`, unless an index has them as children.
std::shared_ptr<oci::Repository> open_oci_layout(const std::string& directory, OpenMode mode);

/// A tar of an OCI layout (plain, gzip or zstd). Reading indexes the archive once and reads blobs in place (a
/// compressed archive is unpacked to a nameless temporary file first). Writing collects the image in a temporary
/// directory next to `file`, and `finish` packs it and gives the archive its name; an existing file is refused. The
/// bytes depend on the images only, and on the order of their tags.
std::shared_ptr<oci::Repository> open_oci_archive(const std::string& file, OpenMode mode);

/// The output of `docker save` (both the old layout with manifest.json and the OCI one): read only. The tag is a
/// repository reference as in RepoTags; empty means the only image.
std::shared_ptr<oci::Repository> open_docker_archive(const std::string& file);

/// In memory, for tests and dry runs.
std::shared_ptr<oci::Repository> make_memory_repository(std::string name);

}  // namespace accel::store
