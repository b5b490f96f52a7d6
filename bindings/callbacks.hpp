/// Where native threads and Python meet: the only code that takes and gives the GIL around native work.
///
/// A long call runs on a thread of its own while the calling thread waits without the GIL and, ten times a second,
/// takes it to look for signals and to hand over what has been reported meanwhile. So no native thread ever touches a
/// Python object, callbacks run on the thread that called, and none of them can slow the work down.
#pragma once

#include <pybind11/pybind11.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "accel/base/cancel.hpp"
#include "accel/base/log.hpp"
#include "accel/base/progress.hpp"

namespace accel::bindings {

namespace py = pybind11;

/// Collects events until the calling thread takes them. Of the `running` events of one step only the newest is kept;
/// everything else is kept in order, so a listener sees the first and the last event of every step.
class ProgressMailbox final : public ProgressObserver {
 public:
  void on_event(const ProgressEvent& event) override;
  std::vector<ProgressEvent> take();

 private:
  using Step = std::tuple<std::string, std::string, std::string>;  // kind, id, image
  std::mutex mutex_;
  std::vector<ProgressEvent> events_;
  std::map<Step, std::size_t> running_;  // where in events_ the replaceable event of a step is
};

struct LogRecord {
  LogLevel level;
  std::string message;
  LogFields fields;
};

/// Collects log records of at least `level` until the calling thread takes them.
class LogMailbox final : public Logger {
 public:
  explicit LogMailbox(LogLevel level) : level_(level) {}
  void log(LogLevel level, std::string_view message, const LogFields& fields) override;
  std::vector<LogRecord> take();

 private:
  const LogLevel level_;
  std::mutex mutex_;
  std::vector<LogRecord> records_;
};

/// The calls that are under way, so that leaving the interpreter stops them instead of pulling it from under them.
class RunningCalls {
 public:
  /// Counts one call while it lives.
  class Guard {
   public:
    Guard(std::shared_ptr<RunningCalls> calls, CancelSource& source);
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard();

   private:
    std::shared_ptr<RunningCalls> calls_;
    CancelSource* source_;
  };

  /// Cancels all calls and waits, without the GIL, until each has returned to Python. New calls are cancelled at once.
  void stop();

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  std::vector<CancelSource*> sources_;
  bool stopping_ = false;
};

/// What every long-running function of the module takes as `hooks`.
struct CallHooks {
  py::object progress;                   ///< callable(ProgressEvent), or None
  py::object log;                        ///< callable(level: int as in logging, message: str, fields: dict), or None
  py::object before_publish;             ///< callable(), or None: convert::ConvertRequest::before_publish
  int log_level = 30;                    ///< records below are dropped natively; logging's numbers
  std::shared_ptr<CancelSource> cancel;  ///< or null
  std::shared_ptr<RunningCalls> calls;   ///< of this module
};

/// What the work gets in place of the Python objects.
struct NativeHooks {
  std::shared_ptr<ProgressObserver> progress;
  std::shared_ptr<Logger> log;
  CancelToken cancel;
  std::function<void()> before_publish;  ///< waits for the Python one; empty when there is none
};

/// Runs `work` as described above. Requires the GIL. A signal handler or callback that raises cancels the work; its
/// exception is thrown once the work has ended and cleaned up. Otherwise throws what `work` threw.
void run_call(const CallHooks& hooks, const std::function<void(const NativeHooks&)>& work);

/// run_call for work with a result.
template <class Work>
auto call_native(const CallHooks& hooks, const Work& work) {
  std::invoke_result_t<Work, const NativeHooks&> result;
  run_call(hooks, [&](const NativeHooks& native) { result = work(native); });
  return result;
}

}  // namespace accel::bindings
