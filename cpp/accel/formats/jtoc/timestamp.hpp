/// RFC 3339 times as the TOC writes them.
#pragma once

#include <optional>
#include <string_view>

#include "accel/base/bytes.hpp"
#include "accel/tar/entry.hpp"

namespace accel::formats::jtoc {

/// True when `time` lies in the years 1 to 9999: what RFC 3339 and Go's time package can say.
bool is_representable(const tar::Time& time) noexcept;

/// The nearest whole second; halves go up (Go's Time.Round, which estargz.md 5.2 prescribes).
tar::Time round_to_seconds(const tar::Time& time) noexcept;

/// Appends `YYYY-MM-DDTHH:MM:SS[.fraction]Z`, the fraction without trailing zeros and only when it is not zero.
/// `time` must be representable.
void append_timestamp(const tar::Time& time, Buffer& out);

/// Reads an RFC 3339 time with any zone offset and any number of fractional digits (those beyond nanoseconds are cut
/// off). Nothing on anything else.
std::optional<tar::Time> parse_timestamp(std::string_view text) noexcept;

}  // namespace accel::formats::jtoc
