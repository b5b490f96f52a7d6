/// What a running job counts, and how it reports its progress.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "accel/base/progress.hpp"

namespace accel::convert {

/// Wall time during which at least one thread was busy with one kind of work. Several such clocks may run at the same
/// time, so their sum can exceed the time of the job. Thread-safe.
class BusyClock {
 public:
  /// Counts as busy from its making to its end. Null clock: does nothing.
  class Scope {
   public:
    explicit Scope(BusyClock* clock) : clock_(clock) {
      if (clock_ != nullptr) clock_->enter();
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope() {
      if (clock_ != nullptr) clock_->leave();
    }

   private:
    BusyClock* clock_;
  };

  /// The opposite, inside a Scope (of this or of another thread): stops counting for it while it waits.
  class Pause {
   public:
    explicit Pause(BusyClock* clock) : clock_(clock) {
      if (clock_ != nullptr) clock_->leave();
    }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;
    ~Pause() {
      if (clock_ != nullptr) clock_->enter();
    }

   private:
    BusyClock* clock_;
  };

  [[nodiscard]] std::chrono::duration<double> total() const;

 private:
  void enter();
  void leave();

  mutable std::mutex mutex_;
  std::size_t busy_ = 0;
  std::chrono::steady_clock::time_point since_;
  std::chrono::steady_clock::duration total_{};
};

/// Bytes and busy times of one job. Thread-safe.
struct Tally {
  std::atomic<std::uint64_t> read{0};      ///< of the source, as stored
  std::atomic<std::uint64_t> written{0};   ///< made here: converted blobs, TOC blobs, configs and manifests
  std::atomic<std::uint64_t> uploaded{0};  ///< sent to targets, converted or taken over
  std::atomic<std::uint64_t> mounted{0};   ///< made available in targets without sending
  BusyClock pull, convert, push;
};

/// Sends the events of one job on one image. Thread-safe as far as its observer is.
class Reporter {
 public:
  Reporter(ProgressObserver& observer, std::string image) : observer_(observer), image_(std::move(image)) {}

  void event(std::string_view kind, const std::string& id, ProgressState state, std::uint64_t done = 0,
             std::uint64_t total = 0, std::string detail = {}) const {
    observer_.on_event({std::string(kind), id, image_, state, done, total, std::move(detail)});
  }

  /// Says how much there is to read, so that listeners can tell how far the whole job is.
  void begin(const std::string& id, std::size_t blobs, std::uint64_t bytes) const {
    event("image", id, ProgressState::started, 0, bytes, std::to_string(blobs));
  }

 private:
  ProgressObserver& observer_;
  std::string image_;
};

/// What all parts of one running job share.
struct JobState {
  Tally tally;
  Reporter reporter;
};

}  // namespace accel::convert
