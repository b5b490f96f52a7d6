/// accel._core.base: cancelling, progress events, and the hooks every long call takes.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>

#include "accel/base/cancel.hpp"
#include "accel/base/progress.hpp"
#include "accel/base/thread_pool.hpp"
#include "bindings.hpp"
#include "callbacks.hpp"
#include "casters.hpp"

namespace accel::bindings {

namespace {

const char* state_name(ProgressState state) {
  switch (state) {
    case ProgressState::started:
      return "started";
    case ProgressState::running:
      return "running";
    case ProgressState::done:
      return "done";
    case ProgressState::skipped:
      return "skipped";
    case ProgressState::failed:
      return "failed";
  }
  return "failed";
}

void register_cancel(py::module_& base) {
  py::class_<CancelSource, std::shared_ptr<CancelSource>>(
      base, "CancelToken", "Stops the calls it was given to. Thread-safe; cancelling twice is the same as once.")
      .def(py::init([](const std::optional<std::shared_ptr<CancelSource>>& parent) {
             return parent ? std::make_shared<CancelSource>((*parent)->token()) : std::make_shared<CancelSource>();
           }),
           py::arg("parent") = py::none(), "A token that is also cancelled when `parent` is.")
      .def("cancel", &CancelSource::cancel, py::call_guard<py::gil_scoped_release>(),
           "Asks every call that has this token to stop. Each then raises Cancelled.")
      .def_property_readonly(
          "cancelled", [](const CancelSource& source) { return source.token().cancelled(); },
          "True once cancel() was called.");
}

void register_progress(py::module_& base) {
  py::class_<ProgressEvent>(base, "ProgressEvent", "One report of one step on a layer's way.")
      .def_property_readonly(
          "kind", [](const ProgressEvent& event) { return to_str(event.kind); },
          "`pull` (source bytes read), `convert` (tar bytes encoded), `push` (bytes sent), `check`; and once, first, "
          "`image`: `total` bytes in `detail` blobs will be read.")
      .def_property_readonly(
          "id", [](const ProgressEvent& event) { return to_str(event.id); },
          "Digest of the source blob or manifest; for a push the driver follows after `@`.")
      .def_property_readonly(
          "image", [](const ProgressEvent& event) { return to_str(event.image); },
          "Reference of the image it belongs to.")
      .def_property_readonly(
          "state", [](const ProgressEvent& event) { return state_name(event.state); },
          "`started`, `running`, `done`, `skipped` or `failed`.")
      .def_readonly("done", &ProgressEvent::done, "Bytes so far.")
      .def_readonly("total", &ProgressEvent::total, "Bytes in all; 0 when unknown.")
      .def_property_readonly(
          "detail", [](const ProgressEvent& event) { return to_str(event.detail); },
          "A short text for people: platform, driver, `exists`, `mounted from …`.");
}

void register_hooks(py::module_& base) {
  const auto calls = std::make_shared<RunningCalls>();
  py::class_<CallHooks>(base, "CallHooks", "What every long-running function takes besides its request.")
      .def(py::init([calls](py::object progress, py::object log, int log_level,
                            const std::optional<std::shared_ptr<CancelSource>>& cancel, py::object before_publish) {
             return CallHooks{std::move(progress), std::move(log),           std::move(before_publish),
                              log_level,           cancel.value_or(nullptr), calls};
           }),
           py::kw_only(), py::arg("progress") = py::none(), py::arg("log") = py::none(), py::arg("log_level") = 30,
           py::arg("cancel") = py::none(), py::arg("before_publish") = py::none(),
           "`progress` is called with a ProgressEvent, `log` with (level, message, fields), `before_publish` once "
           "before "
           "a conversion writes its tags; all on the calling thread.");
  // Threads still inside a call would otherwise come back to an interpreter that is gone.
  py::module_::import("atexit").attr("register")(py::cpp_function([calls] { calls->stop(); }));
}

}  // namespace

void register_base(py::module_& core) {
  auto base = core.def_submodule("base", "Cancelling, progress and the hooks of long calls.");
  register_cancel(base);
  register_progress(base);
  register_hooks(base);
  base.def("available_cores", &ThreadPool::available_cores, "Cores this process may run on, at least 1.");
}

}  // namespace accel::bindings
