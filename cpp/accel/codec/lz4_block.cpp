#include "accel/codec/lz4_block.hpp"

#include <lz4.h>
#include <lz4hc.h>

#include <climits>
#include <string>

#include "accel/base/error.hpp"

namespace accel::codec {

namespace {

const char* chars(const std::byte* bytes) noexcept { return reinterpret_cast<const char*>(bytes); }

class Lz4BlockEncoder final : public UnitEncoder {
 public:
  explicit Lz4BlockEncoder(int level) : level_(level) {
    state_.resize(static_cast<std::size_t>(level_ == 1 ? LZ4_sizeofState() : LZ4_sizeofStateHC()));
  }

  void encode(ByteView input, Buffer& out) override {
    if (input.size() > LZ4_MAX_INPUT_SIZE) {
      throw UnsupportedError("compress an LZ4 block of " + std::to_string(input.size()) + " bytes, at most " +
                             std::to_string(LZ4_MAX_INPUT_SIZE) + " fit");
    }
    const int size = static_cast<int>(input.size());
    const int bound = LZ4_compressBound(size);
    const std::size_t begin = out.size();
    out.resize(begin + static_cast<std::size_t>(bound));
    char* const to = reinterpret_cast<char*>(out.data() + begin);
    const int written = level_ == 1
                            ? LZ4_compress_fast_extState(state_.data(), chars(input.data()), to, size, bound, 1)
                            : LZ4_compress_HC_extStateHC(state_.data(), chars(input.data()), to, size, bound, level_);
    if (written <= 0) throw Error("compress an LZ4 block: the library did not keep to the bound it gave");
    out.resize(begin + static_cast<std::size_t>(written));
  }

 private:
  const int level_;
  Buffer state_;  // from new, so aligned for anything
};

}  // namespace

std::unique_ptr<UnitEncoder> make_lz4_block_encoder(int level) { return std::make_unique<Lz4BlockEncoder>(level); }

void decode_lz4_block(ByteView input, MutableByteView out) {
  if (input.size() > INT_MAX || out.size() > INT_MAX) throw FormatError("decompress an LZ4 block: it is too large");
  const int size = LZ4_decompress_safe(chars(input.data()), reinterpret_cast<char*>(out.data()),
                                       static_cast<int>(input.size()), static_cast<int>(out.size()));
  if (size < 0) throw FormatError("decompress an LZ4 block: it is damaged, or holds more than it should");
  if (static_cast<std::size_t>(size) != out.size()) {
    throw FormatError("decompress an LZ4 block: it holds " + std::to_string(size) + " bytes, want " +
                      std::to_string(out.size()));
  }
}

std::string lz4_encoder_version() { return std::string("liblz4-") + LZ4_versionString(); }

}  // namespace accel::codec
