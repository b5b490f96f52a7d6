// gzip: decoding any bytes, encoding any bytes.
#include <memory>
#include <vector>

#include "accel/codec/codec.hpp"
#include "decode_check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace accel;
  static const std::vector<std::unique_ptr<codec::UnitEncoder>> encoders = [] {
    std::vector<std::unique_ptr<codec::UnitEncoder>> list;
    for (int level = 0; level <= 12; ++level) list.push_back(codec::make_gzip_encoder(level));
    return list;
  }();
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  fuzz::check_decoders(codec::Compression::gzip, input);
  fuzz::check_encoder(codec::Compression::gzip, *encoders[size % encoders.size()], input);
  return 0;
}
