/// zstd frames that several encoders of one layer would make alike: whoever comes first compresses for all.
///
/// Nydus chunks and the S dialect of zstd:chunked cut files at the same places (kFrameBytes), so with the same level
/// much of what both compress is the same work. Frames are those of `codec::make_zstd_encoder`; `codec::append_chunk`
/// makes the others' form of them.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "accel/base/bytes.hpp"
#include "accel/codec/codec.hpp"

namespace accel::formats {

/// Content of a file of the source layer, and how it is compressed.
struct FrameKey {
  std::uint64_t entry = 0;   ///< tar::Entry::header_offset of its file
  std::uint64_t offset = 0;  ///< in the file
  std::uint64_t size = 0;
  int level = 0;
  friend auto operator<=>(const FrameKey&, const FrameKey&) = default;
};

/// A frame that is there or that a worker is just making.
using SharedFrame = std::shared_future<std::shared_ptr<const Buffer>>;

/// Compresses `content` into a buffer of its own size, since another encoder may want it much later. `scratch` lends
/// its room and stays as it is.
Buffer make_frame(ByteView content, codec::UnitEncoder& encoder, Buffer& scratch);

/// Thread-safe.
class SharedFrames {
 public:
  /// Where files are cut into frames: the standard size of Nydus chunks.
  static constexpr std::uint64_t kFrameBytes = 1U << 20U;
  /// Content below it is compressed together with what follows it, where the format can: a frame of its own would cost
  /// more bytes than it saves time.
  static constexpr std::uint64_t kMinFrameBytes = 64U << 10U;
  /// Frames kept at a time for encoders that have not asked yet; more than are in flight.
  static constexpr std::size_t kMaxFrames = 1'000;
  static constexpr std::size_t kMaxBytes = 16U << 20U;

  /// One more encoder takes part, with frames of this level. Before the first byte of content.
  void join(int level);
  /// There is somebody to share with.
  [[nodiscard]] bool has_several(int level) const;

  /// The frame of `key`. The first to ask runs `compress`, which must not wait for anything; what it throws, all get.
  /// Others get a frame to wait for, which workers must not do: they would idle while there is work.
  SharedFrame get(const FrameKey& key, const std::function<Buffer()>& compress);
  /// The caller does not need this frame.
  void pass(const FrameKey& key);

 private:
  struct Frame {
    std::size_t to_come = 0;           // encoders that have neither asked nor passed
    std::optional<SharedFrame> frame;  // once the first has asked
    std::size_t bytes = 0;             // once it is made
  };
  using Frames = std::map<FrameKey, Frame>;

  Frames::iterator visit(const FrameKey& key);
  void leave(Frames::iterator visited);
  void count(const FrameKey& key, std::size_t bytes);
  void drop_oldest();
  void erase(Frames::iterator frame);

  mutable std::mutex mutex_;
  std::map<int, std::size_t> members_;  // by level
  Frames frames_;                       // as long as somebody will ask
  std::size_t bytes_ = 0;               // of all in `frames_`
};

}  // namespace accel::formats
