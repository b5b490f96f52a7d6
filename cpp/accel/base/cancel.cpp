#include "accel/base/cancel.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <utility>

#include "accel/base/error.hpp"

namespace accel {

namespace detail {

struct CancelState {
  std::atomic<bool> cancelled{false};
  // Recursive: a callback may drop its own registration.
  std::recursive_mutex mutex;
  std::uint64_t next_id = 1;
  std::map<std::uint64_t, std::function<void()>> callbacks;
};

}  // namespace detail

CancelRegistration::CancelRegistration(std::shared_ptr<detail::CancelState> state, std::uint64_t id)
    : state_(std::move(state)), id_(id) {}

CancelRegistration::CancelRegistration(CancelRegistration&& other) noexcept
    : state_(std::move(other.state_)), id_(std::exchange(other.id_, 0)) {}

CancelRegistration& CancelRegistration::operator=(CancelRegistration&& other) noexcept {
  std::swap(state_, other.state_);
  std::swap(id_, other.id_);
  return *this;
}

CancelRegistration::~CancelRegistration() {
  if (!state_) return;
  // Callbacks run under the mutex, so taking it also waits for one that is running.
  const std::lock_guard lock(state_->mutex);
  state_->callbacks.erase(id_);
}

bool CancelToken::cancelled() const noexcept { return state_ && state_->cancelled.load(std::memory_order_acquire); }

void CancelToken::check() const {
  if (cancelled()) throw Cancelled();
}

CancelRegistration CancelToken::on_cancel(std::function<void()> callback) const {
  if (!state_) return {};
  const std::lock_guard lock(state_->mutex);
  if (state_->cancelled.load(std::memory_order_acquire)) {
    callback();
    return {};
  }
  const std::uint64_t id = state_->next_id++;
  state_->callbacks.emplace(id, std::move(callback));
  return {state_, id};
}

CancelSource::CancelSource() : state_(std::make_shared<detail::CancelState>()) {}

CancelSource::CancelSource(const CancelToken& parent) : CancelSource() {
  // The callback holds the state, not this object: the source may be moved or gone by then.
  parent_ = parent.on_cancel([state = state_] {
    CancelSource linked;
    linked.state_ = state;
    linked.cancel();
  });
}

void CancelSource::cancel() noexcept {
  const std::lock_guard lock(state_->mutex);
  if (state_->cancelled.exchange(true)) return;
  const auto callbacks = std::exchange(state_->callbacks, {});
  for (const auto& [id, callback] : callbacks) callback();
}

}  // namespace accel
