/// Byte views and buffers, hex and base64. The vocabulary every other module speaks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace accel {

using ByteView = std::span<const std::byte>;
using MutableByteView = std::span<std::byte>;
using Bytes = std::vector<std::byte>;

/// The bytes of `text`; valid while `text` lives.
inline ByteView as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

/// `bytes` seen as text; valid while `bytes` lives. No encoding is implied.
inline std::string_view as_text(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A copy of `bytes` as a string.
inline std::string to_string(ByteView bytes) { return std::string(as_text(bytes)); }

/// A copy of `bytes`.
inline Bytes to_bytes(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

/// A move-only growable buffer that, unlike std::vector, never fills new room with zeros: the hot path fills megabytes
/// that are overwritten at once.
///
/// Large ones come straight from the system and go back to it at once. An allocator would keep them: glibc has an arena
/// for each thread, and buffers that one thread fills and another frees leave holes of tens of megabytes in them. They
/// also grow without being copied, and take no memory for room that was never written to.
class Buffer {
 public:
  /// From this capacity on memory comes from the system.
  static constexpr std::size_t kLarge = 128U << 10U;

  Buffer() = default;
  /// A buffer of size 0 with room for `capacity` bytes.
  explicit Buffer(std::size_t capacity) { reserve(capacity); }
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() = default;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::byte* data() noexcept { return data_.get(); }
  [[nodiscard]] const std::byte* data() const noexcept { return data_.get(); }
  [[nodiscard]] ByteView view() const noexcept { return {data_.get(), size_}; }

  /// Makes room for at least `capacity` bytes in all; keeps the content.
  void reserve(std::size_t capacity);
  /// Changes the size; bytes beyond the old size are undefined.
  void resize(std::size_t size);
  /// Copies `bytes` to the end. `bytes` must not point into this buffer.
  void append(ByteView bytes);
  /// Adds `count` zero bytes.
  void append_zeros(std::size_t count);
  void clear() noexcept { size_ = 0; }

 private:
  struct Free {
    std::size_t mapped;  // bytes from the system; 0, which a default-made one has: the allocator's
    void operator()(std::byte* data) const noexcept;
  };

  std::unique_ptr<std::byte[], Free> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// Lower-case hex of `bytes`.
std::string hex_encode(ByteView bytes);
/// Reads lower-case hex into `out`, whose size must be half of `text`'s.
/// Returns false, with `out` undefined, on an odd length, a wrong size or a character outside 0-9a-f.
bool hex_decode(std::string_view text, MutableByteView out) noexcept;

/// Standard base64 (RFC 4648 section 4) with padding.
std::string base64_encode(ByteView bytes);
/// Reads standard base64; padding may be missing, nothing else may. Returns false on any other character.
bool base64_decode(std::string_view text, Bytes& out);

}  // namespace accel
