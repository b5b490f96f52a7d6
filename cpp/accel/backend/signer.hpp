/// How a request proves who sent it.
#pragma once

#include <chrono>
#include <string_view>

#include "accel/net/http_message.hpp"

namespace accel::backend {

/// Signs requests for one store. Immutable: thread-safe.
class Signer {
 public:
  virtual ~Signer() = default;
  /// Adds the header fields that authenticate `request`, which is complete but for them: URL, other fields and body are
  /// what will be sent. `resource` is "/bucket/key", not encoded. `now` is the time that the store compares with its
  /// own.
  virtual void sign(net::Request& request, std::string_view resource,
                    std::chrono::system_clock::time_point now) const = 0;
};

}  // namespace accel::backend
