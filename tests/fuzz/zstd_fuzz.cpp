// zstd frames: decoding any bytes, encoding any bytes.
#include <memory>
#include <vector>

#include "accel/codec/codec.hpp"
#include "decode_check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace accel;
  static const std::vector<std::unique_ptr<codec::UnitEncoder>> encoders = [] {
    std::vector<std::unique_ptr<codec::UnitEncoder>> list;
    for (const int level : {1, 3, 5, 9}) list.push_back(codec::make_zstd_encoder(level));
    return list;
  }();
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  fuzz::check_decoders(codec::Compression::zstd, input);
  fuzz::check_encoder(codec::Compression::zstd, *encoders[size % encoders.size()], input);
  return 0;
}
