/// Points in time as signed requests write them, in UTC.
#pragma once

#include <chrono>
#include <string>

namespace accel::backend {

/// "20130524T000000Z" (ISO 8601 basic form).
std::string basic_date_time(std::chrono::system_clock::time_point time);
/// "Thu, 17 Nov 2005 18:49:58 GMT" (RFC 9110 section 5.6.7).
std::string http_date(std::chrono::system_clock::time_point time);

}  // namespace accel::backend
