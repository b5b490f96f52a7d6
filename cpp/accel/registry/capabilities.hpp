/// What a registry host can do, as far as it is known.
#pragma once

#include <atomic>
#include <string_view>

namespace accel::registry {

/// Thread-safe.
struct Capabilities {
  explicit Capabilities(std::string_view host);

  /// Uploads may come in several PATCH requests with Content-Range. Without it a blob is one streamed PATCH, as docker
  /// push sends it: every registry takes that, but a broken connection then means the whole blob again.
  std::atomic<bool> chunked_uploads;
};

}  // namespace accel::registry
