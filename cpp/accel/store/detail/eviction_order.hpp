/// Which blob goes first. Spec: service.md section 7 (LFRU).
#pragma once

#include <string>
#include <vector>

#include "accel/store/detail/catalog.hpp"
#include "accel/store/detail/store_directory.hpp"

namespace accel::store::detail {

/// True for 64 hex digits in lower case: the names blobs have.
bool is_blob_name(const std::string& name) noexcept;

struct Candidate {
  StoredFile file;
  BlobUse use;
};

/// All blobs: least frequently used first, among equals the least recently used, by the order of uses and not by the
/// clock, which may go backwards. Blobs the database does not know come first, oldest file first.
std::vector<Candidate> eviction_order(const Folder& blobs, Catalog& catalog);

}  // namespace accel::store::detail
