#include "accel/formats/format.hpp"

namespace accel::formats {

std::size_t LayerReader::read_file(std::string_view path, std::uint64_t, MutableByteView) {
  throw UnsupportedError("read " + std::string(path) + ": the layer has no index of its chunks",
                         "read the whole layer, or convert the image to a lazily pulled format");
}

// Reached only by a caller that did not ask `capabilities`.
ImageResult Format::encode_image(const ConvertedImage&, io::ByteSink&, const EncodeContext&) const {
  throw Error("images of format " + std::string(name()) + " have no layer of their own");
}

std::shared_ptr<const LayerPart> Format::read_part(const oci::Descriptor&, io::ByteSource&) const {
  throw Error("images of format " + std::string(name()) + " have no layer of their own");
}

void Format::set_dictionary(io::ByteStream&, const std::vector<oci::Descriptor>&) {
  throw Error("format " + std::string(name()) + " takes no dictionary");
}

std::unique_ptr<DictionaryBuilder> Format::make_dictionary() const {
  throw UnsupportedError("driver " + std::string(name()) + " has no dictionaries");
}

}  // namespace accel::formats
