#include "accel/convert/backends.hpp"

#include <utility>

namespace accel::convert {

Backends::Backends(std::vector<BackendSettings> settings, std::shared_ptr<Logger> log)
    : settings_(std::move(settings)), log_(std::move(log)) {}

Backends::Backends(std::shared_ptr<backend::BlobBackend> backend) : opened_{std::move(backend)} {}

const Backends::List& Backends::opened() {
  const std::lock_guard lock(mutex_);
  if (settings_.empty()) return opened_;
  List opened;
  for (const BackendSettings& settings : settings_) {
    backend::Options options;
    options.log = log_;
    opened.push_back(backend::make_backend(settings.type, settings.config, false, options));
  }
  opened_ = std::move(opened);
  settings_.clear();
  return opened_;
}

std::shared_ptr<io::ByteSource> Backends::find_blob(const hash::Digest& digest, const CancelToken& cancel) {
  for (const auto& backend : opened()) {
    if (const auto size = backend->stat_blob(digest, cancel)) return backend->blob_source(digest, *size, cancel);
  }
  return nullptr;
}

std::string Backends::names() {
  std::string names;
  for (const auto& backend : opened()) names += (names.empty() ? "" : ", ") + backend->name();
  return names;
}

}  // namespace accel::convert
