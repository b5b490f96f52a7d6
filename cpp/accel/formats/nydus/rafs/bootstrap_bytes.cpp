#include "accel/formats/nydus/rafs/bootstrap_bytes.hpp"

#include "accel/base/error.hpp"
#include "accel/tar/path.hpp"

namespace accel::formats::nydus {

ByteView BootstrapBytes::at(std::uint64_t offset, std::uint64_t length, std::string_view what) const {
  if (offset > bytes_.size() || length > bytes_.size() - offset) {
    fail(std::string(what) + " of " + std::to_string(length) + " bytes is beyond the end at " +
             std::to_string(bytes_.size()),
         offset);
  }
  return bytes_.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(length));
}

void BootstrapBytes::claim(std::uint64_t length, std::uint64_t offset) {
  if (length > bytes_.size() - claimed_) fail("parts of the file are used more than once", offset);
  claimed_ += length;
}

void BootstrapBytes::fail(const std::string& what, std::uint64_t offset, const std::string& path) {
  throw FormatError("read a bootstrap: " + what,
                    FormatError::Where{.digest = {}, .path = tar::shown_name(path), .offset = offset},
                    "it is damaged or was made by a faulty builder; fetch the image again, or convert it again");
}

}  // namespace accel::formats::nydus
