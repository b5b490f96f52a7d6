/// Error answers of registries as typed errors.
#pragma once

#include <chrono>
#include <string>

#include "accel/net/http_message.hpp"

namespace accel::registry {

/// What was attempted, for the error's text.
struct Attempt {
  std::string host;     ///< as in references; for the hint
  std::string subject;  ///< "manifest latest of app"
  std::string method;
  net::Url url;
  std::string scopes;  ///< "" when no token was asked for
  std::string absent;  ///< what to do about a 404; "" = check the name
};

/// Throws what `response`, whose status was not expected, means: Unauthorized, NotFound, RateLimited or RegistryError,
/// with the registry's own code and message. Reads at most 64 KiB of its body.
[[noreturn]] void throw_api_error(const Attempt& attempt, net::Response& response,
                                  std::chrono::system_clock::time_point now);

/// True for answers that another try may not get: 408, 429, 500, 502, 503, 504.
bool is_retryable_status(int status);

}  // namespace accel::registry
