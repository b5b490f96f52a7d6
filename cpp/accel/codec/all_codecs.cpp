// The one list of codecs.
#include <algorithm>
#include <cstring>
#include <string>

#include "accel/base/error.hpp"
#include "accel/codec/codec.hpp"
#include "accel/codec/gzip.hpp"
#include "accel/codec/output_meter.hpp"
#include "accel/codec/zstd.hpp"

namespace accel::codec {

namespace {

/// What is not compressed passes, within the limit on its size.
class IdentityDecoder final : public io::ByteStream {
 public:
  IdentityDecoder(io::ByteStream& inner, const DecodeLimits& limits) : inner_(inner), meter_(limits) {}

  std::size_t read(MutableByteView out) override {
    const std::size_t count = inner_.read(out);
    total_ += count;
    meter_.add(count, total_);
    return count;
  }

 private:
  io::ByteStream& inner_;
  OutputMeter meter_;
  std::uint64_t total_ = 0;
};

void copy_unit(ByteView input, MutableByteView out) {
  if (input.size() < out.size()) {
    throw FormatError("read a chunk: it has " + std::to_string(input.size()) + " bytes, want " +
                      std::to_string(out.size()));
  }
  if (!out.empty()) std::memcpy(out.data(), input.data(), out.size());
}

[[noreturn]] void unknown(Compression compression) {
  throw UnsupportedError("compression number " + std::to_string(static_cast<int>(compression)) + " does not exist");
}

}  // namespace

std::unique_ptr<io::ByteStream> make_decoder(Compression compression, io::ByteStream& compressed,
                                             const DecodeLimits& limits) {
  switch (compression) {
    case Compression::none:
      return std::make_unique<IdentityDecoder>(compressed, limits);
    case Compression::gzip:
      return make_gzip_decoder(compressed, limits);
    case Compression::zstd:
      return make_zstd_decoder(compressed, limits);
  }
  unknown(compression);
}

void decode_unit(Compression compression, ByteView input, MutableByteView out) {
  switch (compression) {
    case Compression::none:
      return copy_unit(input, out);
    case Compression::gzip:
      return decode_gzip_units(input, out);
    case Compression::zstd:
      return decode_zstd_units(input, out);
  }
  unknown(compression);
}

std::string encoder_version(Compression compression) {
  switch (compression) {
    case Compression::none:
      return "none";
    case Compression::gzip:
      return gzip_encoder_version();
    case Compression::zstd:
      return zstd_encoder_version();
  }
  unknown(compression);
}

}  // namespace accel::codec
