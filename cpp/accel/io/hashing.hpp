/// Streams and sinks that compute the digest of what passes. Hash while producing, never by a second pass.
#pragma once

#include "accel/hash/hasher.hpp"
#include "accel/io/sink.hpp"
#include "accel/io/source.hpp"

namespace accel::io {

/// Streams `inner`, which must outlive it.
class HashingStream final : public ByteStream {
 public:
  explicit HashingStream(ByteStream& inner, hash::Algorithm algorithm = hash::Algorithm::sha256)
      : inner_(inner), hasher_(algorithm) {}

  std::size_t read(MutableByteView out) override {
    const std::size_t count = inner_.read(out);
    hasher_.update(out.first(count));
    return count;
  }
  /// Bytes read so far.
  [[nodiscard]] std::uint64_t count() const noexcept { return hasher_.length(); }
  /// The digest of the bytes read so far; called once, last.
  hash::Digest finish() { return hasher_.finish(); }

 private:
  ByteStream& inner_;
  hash::Hasher hasher_;
};

/// Writes to `inner`, which must outlive it.
class HashingSink final : public ByteSink {
 public:
  explicit HashingSink(ByteSink& inner, hash::Algorithm algorithm = hash::Algorithm::sha256)
      : inner_(inner), hasher_(algorithm) {}

  void write(ByteView bytes) override {
    inner_.write(bytes);
    hasher_.update(bytes);
  }
  /// Bytes written so far.
  [[nodiscard]] std::uint64_t count() const noexcept { return hasher_.length(); }
  /// The digest of the bytes written so far; called once, last.
  hash::Digest finish() { return hasher_.finish(); }

 private:
  ByteSink& inner_;
  hash::Hasher hasher_;
};

}  // namespace accel::io
