#include "accel/formats/format.hpp"

namespace accel::formats {

std::size_t LayerReader::read_file(std::string_view path, std::uint64_t, MutableByteView) {
  throw UnsupportedError("read " + std::string(path) + ": the layer has no index of its chunks",
                         "read the whole layer, or convert the image to a lazily pulled format");
}

}  // namespace accel::formats
