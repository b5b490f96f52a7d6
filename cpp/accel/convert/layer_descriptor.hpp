/// How descriptors change when the content they describe does.
#pragma once

#include <string>
#include <vector>

#include "accel/convert/layer_pipeline.hpp"
#include "accel/oci/descriptor.hpp"

namespace accel::convert {

/// Gives `descriptor` the digest and size of `content`. If that is a change, an embedded copy of the old content
/// (member `data` of image-spec descriptor.md) goes.
void set_content(oci::Descriptor& descriptor, const oci::Descriptor& content);

/// Takes the annotations away that `patterns` name: keys, or "prefix*".
void drop_annotations(oci::Annotations& annotations, const std::vector<std::string>& patterns);

/// Turns a source layer's descriptor into that of its converted blob: media type, digest, size, the format's
/// annotations (those of the twin with `twin`), without the ones it drops and without URLs, which serve the old bytes.
void describe_converted(oci::Descriptor& descriptor, const ConvertedLayer& layer, bool twin);

}  // namespace accel::convert
