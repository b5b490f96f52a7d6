/// Where inodes and their data go in a v6 bootstrap. Any place is valid that keeps the hard rules of rafs-v6.md 6; this
/// is the reference's choice, so that equal trees give equal bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "accel/formats/nydus/rafs/v6_layout.hpp"

namespace accel::formats::nydus::v6 {

/// Offsets are logical: bytes from the metadata base. Spec: rafs-v6.md 6.3, 6.4.
class Allocator {
 public:
  /// A directory or symlink.
  struct Place {
    std::uint64_t inode = 0;
    std::uint64_t data = 0;    ///< of the full blocks; without any, it has no meaning but is stored
    bool inline_tail = false;  ///< the last, partial block lies behind the inode and its attributes
  };

  /// `head`: bytes of the inode and its attributes. `content`: bytes of entries or of the link's target.
  Place content(std::size_t head, std::uint64_t content);
  /// A regular file. Its chunk indexes follow the head at the next multiple of 8.
  std::uint64_t file(std::size_t head, std::uint64_t chunks);
  /// A device or FIFO.
  std::uint64_t special(std::size_t head);
  /// The first byte that nothing was put at or behind.
  [[nodiscard]] std::uint64_t end() const noexcept { return offset_; }

 private:
  static constexpr std::size_t kSlots = kBlockSize / kNidUnit;

  void remember(std::uint64_t offset);
  std::optional<std::uint64_t> take(std::uint64_t size);
  void pad(std::uint64_t alignment);

  std::uint64_t offset_ = kFirstInode;
  std::array<std::deque<std::uint64_t>, kSlots> free_;  // by free units: starts of blocks with that many at their end
};

}  // namespace accel::formats::nydus::v6
