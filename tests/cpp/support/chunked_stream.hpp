/// A stream over memory that gives a few bytes a read, as sockets and decompressors do.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "accel/io/source.hpp"

namespace accel::testing {

class ChunkedStream final : public io::ByteStream {
 public:
  /// Gives at most `max_read` bytes a read.
  explicit ChunkedStream(std::string bytes, std::size_t max_read = SIZE_MAX)
      : bytes_(std::move(bytes)), max_read_(max_read) {}

  std::size_t read(MutableByteView out) override {
    const std::size_t count = std::min({out.size(), max_read_, bytes_.size() - at_});
    if (count > 0) std::memcpy(out.data(), bytes_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  std::string bytes_;
  std::size_t max_read_;
  std::size_t at_ = 0;
};

}  // namespace accel::testing
