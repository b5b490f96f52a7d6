/// ISA-L's inflate for the body of one gzip member after another. Internal to codec.
#pragma once

#include <cstddef>
#include <memory>

#include "accel/base/bytes.hpp"

struct inflate_state;

namespace accel::codec {

/// Decodes deflate data and the 8 bytes of checksum and length behind it. 85 KB: on the heap, re-used.
class Inflate {
 public:
  Inflate();
  Inflate(const Inflate&) = delete;
  Inflate& operator=(const Inflate&) = delete;
  ~Inflate();

  struct Step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    const char* error = nullptr;  ///< what is wrong with the data; null if nothing
  };

  /// Forgets everything; the next bytes are the first after a member's header.
  void start_member() noexcept;
  /// Decodes as much as the input and the room in `out` allow. No progress with room left means that more input is
  /// needed: the library keeps decoded bytes back when there is no room, so call it with empty input, too.
  Step run(ByteView input, MutableByteView out) noexcept;
  /// True when the member is complete, and checksum and length were right.
  [[nodiscard]] bool member_done() const noexcept;

 private:
  std::unique_ptr<inflate_state> state_;
};

}  // namespace accel::codec
