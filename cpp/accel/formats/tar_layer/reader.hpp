/// Reads ordinary layers: a tar stream, plain or compressed as a whole.
#pragma once

#include <memory>

#include "accel/formats/format.hpp"

namespace accel::formats::tar_layer {

/// Any blob; what it is compressed with is found by its first bytes. Everything but `summary` reads it whole.
std::unique_ptr<LayerReader> open_reader(const oci::Descriptor& layer, std::shared_ptr<io::ByteSource> blob,
                                         const OpenOptions& options);

}  // namespace accel::formats::tar_layer
