/// Encoders of single units, shared by all layers of a conversion so that their number follows from the worker threads.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/codec/codec.hpp"

namespace accel::formats {

/// Hands out one encoder at a time to whoever compresses, and takes it back. Holds as many as were ever in use at once:
/// making one costs more than a small unit. Thread-safe.
class UnitEncoderPool {
 public:
  using Factory = std::function<std::unique_ptr<codec::UnitEncoder>()>;
  struct Worker {
    std::unique_ptr<codec::UnitEncoder> encoder;
    Buffer scratch;  ///< for output whose size is not known yet; its room is kept
  };
  /// A worker on loan; goes back when it is destroyed.
  class Loan {
   public:
    Loan(UnitEncoderPool& pool, Worker worker) : pool_(&pool), worker_(std::move(worker)) {}
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    ~Loan();
    [[nodiscard]] Worker& operator*() noexcept { return worker_; }
    [[nodiscard]] Worker* operator->() noexcept { return &worker_; }

   private:
    UnitEncoderPool* pool_;
    Worker worker_;
  };

  /// `factory` makes encoders that all give the same bytes.
  explicit UnitEncoderPool(Factory factory) : factory_(std::move(factory)) {}
  [[nodiscard]] Loan borrow();

 private:
  void give_back(Worker worker);

  const Factory factory_;
  std::mutex mutex_;
  std::vector<Worker> idle_;
};

}  // namespace accel::formats
