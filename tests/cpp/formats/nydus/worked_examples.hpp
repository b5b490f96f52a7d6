/// The bootstraps of the specs' worked examples (rafs-v6.md 21, rafs-v5.md 18; tests/golden/nydus), and ways to change
/// them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "accel/base/bytes.hpp"
#include "accel/base/endian.hpp"
#include "accel/io/file.hpp"
#include "accel/io/memory.hpp"

namespace accel::testing {

/// Bytes written at absolute offsets; what nobody wrote is zero.
class Image {
 public:
  explicit Image(std::size_t size) : bytes_(size) {}
  explicit Image(Bytes bytes) : bytes_(std::move(bytes)) {}

  template <class T>
  Image& put(std::size_t offset, T value) {
    store_le(&bytes_.at(offset + sizeof(T) - 1) - (sizeof(T) - 1), value);
    return *this;
  }
  Image& text(std::size_t offset, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) bytes_.at(offset + i) = static_cast<std::byte>(text[i]);
    return *this;
  }
  Image& hex(std::size_t offset, std::string_view digits) {
    std::string packed;
    for (const char c : digits) {
      if (c != ' ') packed.push_back(c);
    }
    if (!hex_decode(packed, MutableByteView(bytes_).subspan(offset, packed.size() / 2)))
      throw std::invalid_argument("");
    return *this;
  }
  Image& resize(std::size_t size) {
    bytes_.resize(size);
    return *this;
  }
  [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }

 private:
  Bytes bytes_;
};

inline constexpr std::string_view kHelloDigest = "a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447";
inline constexpr std::uint32_t kHelloCrc = 0xF0FF7292;

inline Bytes read_golden(const std::string& name) {
  io::FileStream stream(std::filesystem::path(ACCEL_GOLDEN_DIR) / "nydus" / name);
  return io::read_all(stream, 1U << 20U);
}

/// The bootstrap of RAFS v6 with that blob id.
inline Image worked_example_v6(std::string_view blob_id) {
  return Image(read_golden("v6.boot")).text(0x580, blob_id).text(0x1000, blob_id);
}

inline Image worked_example_v5() { return Image(read_golden("v5.boot")); }

}  // namespace accel::testing
