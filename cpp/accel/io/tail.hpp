/// A source whose last bytes are at hand.
#pragma once

#include <cstdint>
#include <memory>

#include "accel/io/source.hpp"

namespace accel::io {

/// Reads the last bytes of a source once, in one piece, so that those who then look for things at its end, one after
/// the other, ask the network only once. Reads that begin before them go to the source.
class TailSource final : public ByteSource {
 public:
  /// Reads the last `tail_bytes` of `source`, or all of it if that is less.
  TailSource(std::shared_ptr<ByteSource> source, std::uint64_t tail_bytes);

  [[nodiscard]] std::uint64_t size() const override { return source_->size(); }
  void read_at(std::uint64_t offset, MutableByteView out) override;

 private:
  const std::shared_ptr<ByteSource> source_;
  Bytes tail_;
  std::uint64_t tail_offset_;
};

}  // namespace accel::io
