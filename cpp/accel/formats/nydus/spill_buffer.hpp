/// Bytes that wait in memory as long as they are few.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "accel/base/bytes.hpp"
#include "accel/io/sink.hpp"
#include "accel/io/source.hpp"
#include "accel/io/temp_file.hpp"

namespace accel::formats::nydus {

/// Takes what is written at its end, to be read again. Beyond `memory_limit` bytes everything goes into a temporary
/// file. Written by one thread; read when that is done, by any.
class SpillBuffer final : public io::ByteSink, public io::ByteSource {
 public:
  /// `temp_dir` "": $TMPDIR, then /tmp.
  SpillBuffer(std::size_t memory_limit, std::string temp_dir)
      : memory_limit_(memory_limit), temp_dir_(std::move(temp_dir)) {}

  /// Throws StoreError.
  void write(ByteView bytes) override;
  [[nodiscard]] std::uint64_t size() const override;
  void read_at(std::uint64_t offset, MutableByteView out) override;
  [[nodiscard]] bool in_memory() const noexcept { return file_ == nullptr; }

 private:
  const std::size_t memory_limit_;
  const std::string temp_dir_;
  Buffer memory_;
  std::unique_ptr<io::TempFile> file_;
};

}  // namespace accel::formats::nydus
