/// Puts a converted image into its repository: blobs, then documents bottom-up, tags last and apart.
#pragma once

#include <string>
#include <vector>

#include "accel/convert/assembler.hpp"
#include "accel/convert/tally.hpp"
#include "accel/oci/repository.hpp"

namespace accel::convert {

/// A document with the tag that will point to it. Collected while images are written, set when all of them are.
struct PendingTag {
  oci::Repository* repository = nullptr;
  oci::RawManifest document;
  std::string tag;
  bool is_set = false;  ///< the tag points to it already, so all that it names is there
};

/// Stores everything `image` consists of (its converted layers are there already) and returns what is left to do: the
/// tag of its root. Blobs that stay as they are come from `source`: skipped, mounted or copied. `driver` is for
/// progress. With `may_stand` it looks first whether the very same image stands under the tag.
PendingTag write_image(const TargetImage& image, const std::string& tag, const std::string& driver, bool may_stand,
                       oci::Repository& source, oci::Repository& target, JobState& job, const CancelToken& cancel);

/// Stores the image of external TOCs (estargz.md section 10.1) that belongs to the image with tag `tag`; the TOC blobs
/// of `layers` are there already.
PendingTag write_toc_image(const std::vector<ConvertedLayer>& layers, const std::string& tag, bool may_stand,
                           oci::Repository& target, JobState& job, const CancelToken& cancel);

/// Sets the tags in order, then ends the sessions of their repositories, each once. Nothing can fail after the last tag
/// but the completion of archives.
void write_tags(const std::vector<PendingTag>& tags, JobState& job, const CancelToken& cancel);

}  // namespace accel::convert
