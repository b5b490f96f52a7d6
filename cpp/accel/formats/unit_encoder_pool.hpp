/// Encoders of single units, shared by all layers of a conversion so that their number follows from the worker threads.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "accel/codec/codec.hpp"

namespace accel::formats {

/// Hands out one encoder at a time to whoever compresses, and takes it back. Holds as many as were ever in use at once:
/// making one costs more than a small unit. Thread-safe.
class UnitEncoderPool {
 public:
  using Factory = std::function<std::unique_ptr<codec::UnitEncoder>()>;
  using Encoder = std::unique_ptr<codec::UnitEncoder>;
  /// An encoder on loan; goes back when the loan is destroyed.
  class Loan {
   public:
    Loan(UnitEncoderPool& pool, Encoder encoder) : pool_(&pool), encoder_(std::move(encoder)) {}
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    ~Loan();
    [[nodiscard]] codec::UnitEncoder& operator*() noexcept { return *encoder_; }
    [[nodiscard]] codec::UnitEncoder* operator->() noexcept { return encoder_.get(); }

   private:
    UnitEncoderPool* pool_;
    Encoder encoder_;
  };

  /// `factory` makes encoders that all give the same bytes.
  explicit UnitEncoderPool(Factory factory) : factory_(std::move(factory)) {}
  [[nodiscard]] Loan borrow();

 private:
  void give_back(Encoder encoder);

  const Factory factory_;
  std::mutex mutex_;
  std::vector<Encoder> idle_;
};

}  // namespace accel::formats
