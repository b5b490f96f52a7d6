/// What object stores answer when they refuse.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "accel/backend/object_store.hpp"
#include "accel/net/http_message.hpp"

namespace accel::backend {

/// What was asked, for the message.
struct ObjectAttempt {
  const ObjectStore& store;
  std::string_view subject;  ///< "blob sha256:0123… to s3://bucket/prefix"
  std::string_view method;
  const net::Url& url;
};

/// Throws what the answer means: Unauthorized (401, 403), NotFound, RateLimited or RegistryError, with the store's own
/// code. Reads the body. Passing faults (5xx, SlowDown, RequestTimeout …) are retryable.
[[noreturn]] void throw_object_error(const ObjectAttempt& attempt, net::Response& response,
                                     std::chrono::system_clock::time_point now);

/// The same for an error document that came with status 200, as copies and completions may have it.
[[noreturn]] void throw_object_error(const ObjectAttempt& attempt, int status, std::string_view body);

}  // namespace accel::backend
