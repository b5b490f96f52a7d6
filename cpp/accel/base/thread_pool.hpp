/// A fixed set of worker threads. All CPU-heavy encoding of a conversion runs on one pool.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace accel {

/// Jobs start in the order they were submitted. Thread-safe. A job must not wait for another job of the same pool.
class ThreadPool {
 public:
  /// `threads` = 0 means one per core available to the process.
  explicit ThreadPool(std::size_t threads = 0);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  /// Finishes the jobs that were submitted, then joins.
  ~ThreadPool();

  [[nodiscard]] std::size_t size() const noexcept { return threads_.size(); }

  /// Runs `job` on a worker. Its result or exception is in the future.
  template <class F>
  std::future<std::invoke_result_t<F>> submit(F job) {
    auto task = std::make_shared<std::packaged_task<std::invoke_result_t<F>()>>(std::move(job));
    auto result = task->get_future();
    enqueue([task] { (*task)(); });
    return result;
  }

  /// Cores this process may run on (affinity mask), at least 1.
  static std::size_t available_cores();

 private:
  void enqueue(std::function<void()> job);
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace accel
