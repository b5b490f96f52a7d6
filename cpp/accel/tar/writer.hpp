/// Makes tar headers. Deterministic: the same Entry gives the same bytes.
#pragma once

#include <cstdint>
#include <string_view>

#include "accel/base/bytes.hpp"
#include "accel/tar/block.hpp"
#include "accel/tar/entry.hpp"

namespace accel::tar {

/// Appends the header blocks of `entry` to `out`: one ustar block where everything fits (name split by prefix), else
/// a PAX extended header before it (long or non-ASCII names, big numbers, negative or sub-second times, atime, ctime,
/// xattrs; records sorted by key). The entry is written as an ordinary, expanded file also if `sparse` is set.
void write_header(const Entry& entry, Buffer& out);

/// The header blocks of an entry that has a name, a type, a mode and a size, and owners and times of 0.
Buffer plain_header(std::string_view name, EntryType type, std::uint32_t mode, std::uint64_t size);

/// Appends the two zero blocks that end an archive.
void write_end(Buffer& out);

}  // namespace accel::tar
