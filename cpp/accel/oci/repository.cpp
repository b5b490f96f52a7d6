#include "accel/oci/repository.hpp"

namespace accel::oci {

bool must_be_written_again(const RegistryError& error) {
  const std::string& code = error.fields().code;
  return error.retryable() && (code == kUploadLost || code == kChunkRefused);
}

}  // namespace accel::oci
