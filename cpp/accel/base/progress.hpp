/// Progress as one callback protocol, the same for C++, Python and the service.
#pragma once

#include <cstdint>
#include <string>

namespace accel {

/// What one step of a layer's way is doing.
enum class ProgressState { started, running, done, skipped, failed };

/// One report. `done` and `total` are bytes; `total` is 0 when unknown.
struct ProgressEvent {
  /// "pull" (source bytes read), "convert" (tar bytes encoded), "push" (bytes sent), "check"; and once a job, before
  /// the others, "image": `total` is the size of all blobs that will be read, `detail` their number.
  std::string kind;
  std::string id;     ///< digest of the source blob or manifest; for push the driver's name follows after '@'
  std::string image;  ///< reference of the image it belongs to
  ProgressState state = ProgressState::running;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  std::string detail;  ///< a short text for people: platform, driver, "exists", "cached", "mounted from …"
};

/// Receives events from any thread. Must not block and must not throw; rate limiting is the observer's job.
class ProgressObserver {
 public:
  virtual ~ProgressObserver() = default;
  virtual void on_event(const ProgressEvent& event) = 0;
};

/// Discards all events.
class NullProgress final : public ProgressObserver {
 public:
  void on_event(const ProgressEvent&) override {}
};

}  // namespace accel
