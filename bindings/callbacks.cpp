#include "callbacks.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include "casters.hpp"

namespace accel::bindings {

namespace {

/// Signals and reports are looked at this often: Ctrl-C feels immediate, and progress costs ten GIL switches a second.
constexpr std::chrono::milliseconds kPollInterval{100};

/// logging's number for a level.
int logging_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return 10;
    case LogLevel::info:
      return 20;
    case LogLevel::warning:
      return 30;
    case LogLevel::error:
      return 40;
  }
  return 40;
}

LogLevel level_from_logging(int number) {
  if (number <= 10) return LogLevel::debug;
  if (number <= 20) return LogLevel::info;
  return number <= 30 ? LogLevel::warning : LogLevel::error;
}

/// One call under way: the thread that works and the thread that waits for it.
class Call {
 public:
  explicit Call(const CallHooks& hooks)
      : hooks_(hooks),
        cancel_(hooks.cancel ? hooks.cancel->token() : CancelToken()),
        guard_(hooks.calls, cancel_),
        progress_(std::make_shared<ProgressMailbox>()),
        log_(std::make_shared<LogMailbox>(level_from_logging(hooks.log_level))) {}

  void run(const std::function<void(const NativeHooks&)>& work) {
    std::thread worker([this, &work] { this->work(work); });
    while (!wait()) {
      attend();
      answer();
    }
    {
      const py::gil_scoped_release release;
      worker.join();
    }
    attend();
    if (raised_) throw py::error_already_set(std::move(*raised_));
    if (failed_) std::rethrow_exception(failed_);
  }

 private:
  void work(const std::function<void(const NativeHooks&)>& work) {
    NativeHooks native{std::make_shared<NullProgress>(), std::make_shared<NullLogger>(), cancel_.token(), {}};
    if (!hooks_.progress.is_none()) native.progress = progress_;
    if (!hooks_.log.is_none()) native.log = log_;
    if (!hooks_.before_publish.is_none()) native.before_publish = [this] { ask(); };
    std::exception_ptr failed;
    try {
      work(native);
    } catch (...) {
      failed = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    failed_ = std::move(failed);
    ended_ = true;
    changed_.notify_one();
  }

  /// On the thread that works: waits until the waiting thread has asked Python. Throws Cancelled when that raised.
  void ask() {
    std::unique_lock lock(mutex_);
    question_ = Question::asked;
    changed_.notify_one();
    answered_.wait(lock, [this] { return question_ == Question::none; });
    lock.unlock();
    cancel_.token().check();
  }

  /// True when the work has ended, false after one poll interval or when the work asks.
  bool wait() {
    const py::gil_scoped_release release;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPollInterval, [this] { return ended_ || question_ == Question::asked; });
    return ended_;
  }

  /// Lets Python answer what the work asks. Whatever is answered with an exception cancels the work.
  void answer() {
    {
      const std::lock_guard lock(mutex_);
      if (question_ != Question::asked) return;
    }
    try {
      if (!raised_ && !cancel_.token().cancelled()) hooks_.before_publish();
    } catch (py::error_already_set& raised) {
      raised_.emplace(std::move(raised));
      cancel_.cancel();
    }
    const std::lock_guard lock(mutex_);
    question_ = Question::none;
    answered_.notify_one();
  }

  /// Looks for signals and delivers reports. After the first exception Python is left alone until the work has ended.
  void attend() {
    if (raised_) return;
    try {
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
      for (const auto& record : log_->take()) deliver(record);
      for (const auto& event : progress_->take()) hooks_.progress(event);
    } catch (py::error_already_set& raised) {
      raised_.emplace(std::move(raised));
      cancel_.cancel();
    }
  }

  void deliver(const LogRecord& record) {
    py::dict fields;
    for (const auto& [name, value] : record.fields) fields[to_str(name)] = to_str(value);
    hooks_.log(logging_level(record.level), to_str(record.message), fields);
  }

  const CallHooks& hooks_;
  CancelSource cancel_;  // a child: Ctrl-C stops this call, not others that share the caller's token
  RunningCalls::Guard guard_;
  std::shared_ptr<ProgressMailbox> progress_;
  std::shared_ptr<LogMailbox> log_;
  std::optional<py::error_already_set> raised_;

  std::mutex mutex_;
  std::condition_variable changed_;
  enum class Question { none, asked } question_ = Question::none;
  std::condition_variable answered_;
  bool ended_ = false;
  std::exception_ptr failed_;
};

}  // namespace

void ProgressMailbox::on_event(const ProgressEvent& event) {
  const std::lock_guard lock(mutex_);
  const Step step{event.kind, event.id, event.image};
  if (event.state != ProgressState::running) {
    running_.erase(step);
  } else if (const auto [place, fresh] = running_.try_emplace(step, events_.size()); !fresh) {
    events_[place->second] = event;
    return;
  }
  events_.push_back(event);
}

std::vector<ProgressEvent> ProgressMailbox::take() {
  const std::lock_guard lock(mutex_);
  running_.clear();
  return std::exchange(events_, {});
}

void LogMailbox::log(LogLevel level, std::string_view message, const LogFields& fields) {
  if (level < level_) return;
  const std::lock_guard lock(mutex_);
  records_.push_back({level, std::string(message), fields});
}

std::vector<LogRecord> LogMailbox::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(records_, {});
}

RunningCalls::Guard::Guard(std::shared_ptr<RunningCalls> calls, CancelSource& source)
    : calls_(std::move(calls)), source_(&source) {
  const std::lock_guard lock(calls_->mutex_);
  calls_->sources_.push_back(source_);
  if (calls_->stopping_) source_->cancel();
}

RunningCalls::Guard::~Guard() {
  const std::lock_guard lock(calls_->mutex_);
  std::erase(calls_->sources_, source_);
  calls_->ended_.notify_all();
}

void RunningCalls::stop() {
  const py::gil_scoped_release release;
  std::unique_lock lock(mutex_);
  stopping_ = true;
  for (auto* source : sources_) source->cancel();
  ended_.wait(lock, [this] { return sources_.empty(); });
}

void run_call(const CallHooks& hooks, const std::function<void(const NativeHooks&)>& work) { Call(hooks).run(work); }

}  // namespace accel::bindings
