/// Where layers of images lie that are not in the image's repository.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "accel/backend/backend.hpp"
#include "accel/base/cancel.hpp"
#include "accel/base/log.hpp"
#include "accel/convert/request.hpp"
#include "accel/hash/digest.hpp"
#include "accel/io/source.hpp"

namespace accel::convert {

/// Storage backends to read from. Thread-safe.
class Backends {
 public:
  /// Each is opened when the first blob is looked for: what an image in a repository needs nothing of may be wrong.
  Backends(std::vector<BackendSettings> settings, std::shared_ptr<Logger> log);
  explicit Backends(std::shared_ptr<backend::BlobBackend> backend);

  /// The blob in the first backend that has it; null when none has. Throws ConfigError for wrong settings,
  /// RegistryError and StoreError when a backend fails.
  std::shared_ptr<io::ByteSource> find_blob(const hash::Digest& digest, const CancelToken& cancel);
  /// All of them, for messages.
  [[nodiscard]] std::string names();

 private:
  using List = std::vector<std::shared_ptr<backend::BlobBackend>>;
  const List& opened();

  std::mutex mutex_;
  std::vector<BackendSettings> settings_;  // that are not opened yet
  std::shared_ptr<Logger> log_;
  List opened_;
};

}  // namespace accel::convert
