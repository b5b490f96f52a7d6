/// Independent pieces of one job side by side, with one rule for failures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "accel/base/cancel.hpp"

namespace accel {

/// Runs `work(i, token)` for every i below `count`, started in order of i, on at most `threads` threads (at least one;
/// with one, on the caller's). Returns when all have ended.
///
/// The first failure cancels the token that the others were given and is rethrown. What the others throw because they
/// were cancelled is dropped, so the caller sees the cause and not its echo. Throws Cancelled when `cancel` is.
void run_parallel(std::size_t count, std::size_t threads, const CancelToken& cancel,
                  const std::function<void(std::size_t, const CancelToken&)>& work);

/// Pieces of work in the order to begin them.
struct WorkOrder {
  std::vector<std::size_t> pieces;  ///< numbers of the pieces
  std::uint64_t bytes = 0;          ///< of all of them
};

/// The largest of pieces of these sizes in bytes first: a large one that begins last would end alone. Equally large
/// ones keep their order.
WorkOrder largest_first(const std::vector<std::uint64_t>& sizes);

}  // namespace accel
