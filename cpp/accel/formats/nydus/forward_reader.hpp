/// A blob whose parts are asked for mostly in the order in which they are stored.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "accel/base/bytes.hpp"
#include "accel/base/cancel.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/source.hpp"

namespace accel::formats::nydus {

/// Not thread-safe.
class ForwardReader {
 public:
  enum class Mode : std::uint8_t {
    ranges,  ///< every part is read by itself: for a few parts
    whole    ///< large pieces front to back, all of it hashed; what lies further back is read by itself
  };

  ForwardReader(std::shared_ptr<io::ByteSource> source, Mode mode, CancelToken cancel);

  [[nodiscard]] std::uint64_t size() const { return source_->size(); }
  [[nodiscard]] io::ByteSource& source() const noexcept { return *source_; }
  [[nodiscard]] Mode mode() const noexcept { return mode_; }
  /// `size` bytes from `offset`, valid until the next call. Throws FormatError when they are not inside the blob.
  ByteView read(std::uint64_t offset, std::size_t size);
  /// Mode::whole: also computes the digest of the first `end` bytes. Called before anything is read.
  void watch(std::uint64_t end) { watched_ = end; }

  struct Digests {
    hash::Digest whole;
    hash::Digest watched;  ///< of what `watch` asked for; else empty
  };
  /// Mode::whole: reads what is left. Called once, last.
  Digests finish();

 private:
  void skip_to(std::uint64_t offset);
  void drop_before(std::uint64_t offset);
  void append(std::uint64_t most);
  void hash(ByteView piece);

  const std::shared_ptr<io::ByteSource> source_;
  const Mode mode_;
  const CancelToken cancel_;
  Buffer window_;  // the blob's bytes from window_begin_ to position_
  std::uint64_t window_begin_ = 0;
  std::uint64_t position_ = 0;  // how far it was read and hashed
  Buffer range_;
  hash::Hasher hasher_;
  std::optional<std::uint64_t> watched_;
  hash::Digest watched_digest_;
};

}  // namespace accel::formats::nydus
