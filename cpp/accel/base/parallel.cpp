#include "accel/base/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

#include "accel/base/error.hpp"

namespace accel {

namespace {

/// What went wrong first; a real error wins over a Cancelled that came before it.
class FirstFailure {
 public:
  void add(std::exception_ptr error, bool is_cancelled) {
    const std::lock_guard lock(mutex_);
    std::exception_ptr& slot = is_cancelled ? cancelled_ : error_;
    if (!slot) slot = std::move(error);
  }
  void rethrow(const CancelToken& cancel) const {
    if (error_) std::rethrow_exception(error_);
    cancel.check();
    if (cancelled_) std::rethrow_exception(cancelled_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr error_, cancelled_;
};

}  // namespace

void run_parallel(std::size_t count, std::size_t threads, const CancelToken& cancel,
                  const std::function<void(std::size_t, const CancelToken&)>& work) {
  CancelSource group(cancel);
  const CancelToken token = group.token();
  std::atomic<std::size_t> next{0};
  FirstFailure failure;
  const auto loop = [&] {
    for (;;) {
      const std::size_t i = next.fetch_add(1);
      if (i >= count || token.cancelled()) return;
      try {
        work(i, token);
      } catch (const Cancelled&) {
        failure.add(std::current_exception(), true);
        group.cancel();
      } catch (...) {
        failure.add(std::current_exception(), false);
        group.cancel();
      }
    }
  };
  {
    std::vector<std::jthread> helpers;
    const std::size_t wanted = std::min(std::max<std::size_t>(threads, 1), count);
    try {
      for (std::size_t i = 1; i < wanted; ++i) helpers.emplace_back(loop);
    } catch (...) {
      group.cancel();  // no thread to be had: the others end, then the failure goes up
      throw;
    }
    loop();
  }
  failure.rethrow(cancel);
}

WorkOrder largest_first(const std::vector<std::uint64_t>& sizes) {
  WorkOrder order{std::vector<std::size_t>(sizes.size()), 0};
  std::iota(order.pieces.begin(), order.pieces.end(), std::size_t{0});
  std::stable_sort(order.pieces.begin(), order.pieces.end(),
                   [&](std::size_t a, std::size_t b) { return sizes[a] > sizes[b]; });
  order.bytes = std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0});
  return order;
}

}  // namespace accel
