/// Digests that several encoders of one layer would compute alike: whoever comes first computes them for all.
///
/// Encoders take part when the tar stream they write is the same byte for byte: stream encoders of eStargz and of the
/// S dialect of zstd:chunked differ only in codec and TOC tail. All digests are then of places in that stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "accel/base/bytes.hpp"
#include "accel/hash/digest.hpp"
#include "accel/hash/hasher.hpp"

namespace accel::formats {

/// Content in the stream.
struct StreamSpan {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  friend auto operator<=>(const StreamSpan&, const StreamSpan&) = default;
};

class SharedDigests {
 public:
  /// Chunks remembered at a time: more than are in flight, and no more memory than one of them has.
  static constexpr std::size_t kMaxChunks = 10'000;

  /// One more encoder takes part. Before the first byte of content.
  void join();

  /// The stream and the file in it that is being fed. Used by the feeding thread, which gives each piece to all
  /// encoders in turn before it goes on: only the first of them hashes it.
  void stream(std::uint64_t position, ByteView bytes);
  /// A hasher that has seen the stream's first `length` bytes, which must be all so far. From any thread, when the last
  /// piece was fed.
  [[nodiscard]] hash::Hasher stream_after(std::uint64_t length) const;
  /// `bytes` at `position` of the file that begins at `begin` in the stream.
  void file(std::uint64_t begin, std::uint64_t position, ByteView bytes);
  /// The digest of that file. Call after its last byte.
  hash::Digest file_digest(std::uint64_t begin);

  /// Chunks, from any thread. True: the caller is the first, must hash the chunk now and `publish` its digest. False:
  /// another encoder is at it; ask `take` when there is nothing else left to do.
  bool claim(const StreamSpan& chunk);
  void publish(const StreamSpan& chunk, const hash::Digest& digest);
  /// What was published; nothing when it is not ready, and the caller had better hash the chunk itself.
  std::optional<hash::Digest> take(const StreamSpan& chunk);

 private:
  struct Chunk {
    hash::Digest digest;     // empty until published
    std::size_t takers = 0;  // encoders that have not taken it
  };

  hash::Hasher stream_;
  hash::Hasher file_;
  std::uint64_t file_begin_ = UINT64_MAX;
  std::optional<hash::Digest> file_digest_;
  mutable std::mutex mutex_;
  std::size_t members_ = 0;
  std::map<StreamSpan, Chunk> chunks_;  // as long as somebody will ask
};

}  // namespace accel::formats
