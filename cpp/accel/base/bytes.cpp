#include "accel/base/bytes.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

namespace accel {

namespace {

/// Of mappings: whole pages on any machine.
constexpr std::size_t kMappingUnit = 64U << 10U;

// Sanitizers know the bounds of what their allocator gave, but not of a mapping, and ThreadSanitizer does not see that
// mremap frees addresses for other threads.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMayMap = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kMayMap = false;
#else
constexpr bool kMayMap = true;
#endif
#else
constexpr bool kMayMap = true;
#endif

std::byte* checked(void* mapping) {
  if (mapping == MAP_FAILED) throw std::bad_alloc();
  return static_cast<std::byte*>(mapping);
}

}  // namespace

void Buffer::Free::operator()(std::byte* data) const noexcept {
  if (mapped > 0) {
    ::munmap(data, mapped);
  } else {
    delete[] data;
  }
}

Buffer::Buffer(Buffer&& other) noexcept
    : data_(std::move(other.data_)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  data_ = std::move(other.data_);
  size_ = std::exchange(other.size_, 0);
  capacity_ = std::exchange(other.capacity_, 0);
  return *this;
}

void Buffer::reserve(std::size_t capacity) {
  if (capacity <= capacity_) return;
  if (kMayMap && capacity >= kLarge) {
    if (capacity > SIZE_MAX - kMappingUnit) throw std::bad_alloc();
    capacity = (capacity + kMappingUnit - 1) / kMappingUnit * kMappingUnit;
  }
  decltype(data_) grown;
  if (!kMayMap || capacity < kLarge) {
    grown = {new std::byte[capacity], Free{0}};
  } else if (const std::size_t mapped = data_ ? data_.get_deleter().mapped : 0; mapped > 0) {
    grown = {checked(::mremap(data_.get(), mapped, capacity, MREMAP_MAYMOVE)), Free{capacity}};
    data_.release();  // it has become the new one, with its content
  } else {
    grown = {checked(::mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)),
             Free{capacity}};
  }
  if (data_ && size_ > 0) std::memcpy(grown.get(), data_.get(), size_);
  data_ = std::move(grown);
  capacity_ = capacity;
}

void Buffer::resize(std::size_t size) {
  if (size > capacity_) reserve(std::max(size, capacity_ + capacity_ / 2));
  size_ = size;
}

void Buffer::append(ByteView bytes) {
  if (bytes.empty()) return;
  const std::size_t old_size = size_;
  resize(old_size + bytes.size());
  std::memcpy(data_.get() + old_size, bytes.data(), bytes.size());
}

void Buffer::append_zeros(std::size_t count) {
  if (count == 0) return;
  const std::size_t old_size = size_;
  resize(old_size + count);
  std::memset(data_.get() + old_size, 0, count);
}

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

constexpr std::array<std::int8_t, 256> make_base64_values() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < kBase64Digits.size(); ++i) {
    values[static_cast<unsigned char>(kBase64Digits[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}

constexpr auto kBase64Values = make_base64_values();

}  // namespace

std::string hex_encode(ByteView bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte b : bytes) {
    const auto value = std::to_integer<unsigned>(b);
    text.push_back(kHexDigits[value >> 4U]);
    text.push_back(kHexDigits[value & 15U]);
  }
  return text;
}

bool hex_decode(std::string_view text, MutableByteView out) noexcept {
  if (text.size() != out.size() * 2) return false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::byte>(high * 16 + low);
  }
  return true;
}

std::string base64_encode(ByteView bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8U | (k < count ? std::to_integer<std::uint32_t>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text.push_back(k <= count ? kBase64Digits[group >> (18U - 6U * k) & 63U] : '=');
    }
  }
  return text;
}

bool base64_decode(std::string_view text, Bytes& out) {
  out.clear();
  std::size_t padding = 0;
  while (padding < 2 && !text.empty() && text.back() == '=') {
    text.remove_suffix(1);
    ++padding;
  }
  if (text.size() % 4 == 1 || (padding > 0 && (text.size() + padding) % 4 != 0)) return false;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const std::int8_t value = kBase64Values[static_cast<unsigned char>(c)];
    if (value < 0) return false;
    group = group << 6U | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<std::byte>(group >> bits & 0xFFU));
    }
  }
  return true;
}

}  // namespace accel
