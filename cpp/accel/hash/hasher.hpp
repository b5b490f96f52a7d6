/// Streaming digests over OpenSSL.
#pragma once

#include <cstdint>
#include <memory>

#include "accel/base/bytes.hpp"
#include "accel/hash/digest.hpp"

namespace accel::hash {

/// Computes one digest over a stream. Not thread-safe; move-only.
class Hasher {
 public:
  explicit Hasher(Algorithm algorithm = Algorithm::sha256);
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();

  void update(ByteView bytes);
  /// Bytes given to update so far.
  [[nodiscard]] std::uint64_t length() const noexcept { return length_; }
  /// Another hasher that has seen the same bytes.
  [[nodiscard]] Hasher copy() const;
  /// The digest of all bytes so far; the hasher starts anew after it.
  Digest finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
  Algorithm algorithm_;
  std::uint64_t length_ = 0;
};

/// SHA-256 of one piece of memory.
Digest sha256(ByteView bytes);

}  // namespace accel::hash
