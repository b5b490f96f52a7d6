#include "accel/formats/nydus/spill_buffer.hpp"

#include <cstring>

#include "accel/io/range.hpp"

namespace accel::formats::nydus {

void SpillBuffer::write(ByteView bytes) {
  if (file_ == nullptr && memory_.size() + bytes.size() > memory_limit_) {
    file_ = std::make_unique<io::TempFile>(temp_dir_.empty() ? std::filesystem::temp_directory_path()
                                                             : std::filesystem::path(temp_dir_));
    file_->write(memory_.view());
    memory_ = Buffer();
  }
  if (file_ != nullptr) {
    file_->write(bytes);
  } else {
    memory_.append(bytes);
  }
}

std::uint64_t SpillBuffer::size() const { return file_ != nullptr ? file_->size() : memory_.size(); }

void SpillBuffer::read_at(std::uint64_t offset, MutableByteView out) {
  if (file_ != nullptr) return file_->read_at(offset, out);
  io::check_range(offset, out.size(), memory_.size(), "buffer");
  if (!out.empty()) std::memcpy(out.data(), memory_.data() + offset, out.size());
}

}  // namespace accel::formats::nydus
