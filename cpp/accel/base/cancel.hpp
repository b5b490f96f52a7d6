/// Cooperative cancellation. A CancelSource is owned by whoever may cancel; CancelTokens are copied to the work.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace accel {

namespace detail {
struct CancelState;
}

/// Keeps a callback registered with a token; leaving the scope takes it back.
/// After the destructor returns the callback is not running and will not run.
class CancelRegistration {
 public:
  CancelRegistration() = default;
  CancelRegistration(std::shared_ptr<detail::CancelState> state, std::uint64_t id);
  CancelRegistration(CancelRegistration&& other) noexcept;
  CancelRegistration& operator=(CancelRegistration&& other) noexcept;
  ~CancelRegistration();

 private:
  std::shared_ptr<detail::CancelState> state_;
  std::uint64_t id_ = 0;
};

/// Cheap to copy; thread-safe. A default-made token is never cancelled.
class CancelToken {
 public:
  CancelToken() = default;

  [[nodiscard]] bool cancelled() const noexcept;
  /// Throws Cancelled if the source was cancelled. Called at every chunk and before every request.
  void check() const;
  /// Runs `callback` once when the source is cancelled (at once if it already is), from the cancelling thread.
  /// The callback must be short and must not throw; it exists to wake waiters.
  [[nodiscard]] CancelRegistration on_cancel(std::function<void()> callback) const;

 private:
  friend class CancelSource;
  explicit CancelToken(std::shared_ptr<detail::CancelState> state) : state_(std::move(state)) {}
  std::shared_ptr<detail::CancelState> state_;
};

/// Thread-safe. Cancelling twice is the same as once.
class CancelSource {
 public:
  CancelSource();
  /// A source that is also cancelled when `parent` is: lets one failed part stop its siblings only.
  explicit CancelSource(const CancelToken& parent);
  [[nodiscard]] CancelToken token() const { return CancelToken(state_); }
  void cancel() noexcept;

 private:
  std::shared_ptr<detail::CancelState> state_;
  CancelRegistration parent_;
};

}  // namespace accel
