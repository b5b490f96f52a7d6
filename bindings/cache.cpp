/// accel._core.cache: looking into cache images and taking records out of them.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <utility>

#include "accel/convert/cache_admin.hpp"
#include "bindings.hpp"
#include "callbacks.hpp"
#include "environment.hpp"

namespace accel::bindings {

namespace {

using convert::CacheInspectReport;
using convert::CachePruneReport;
using convert::CachePruneRequest;
using convert::CacheRecordReport;
using convert::Environment;

// Arguments are taken by value: Python code may change the objects they came from while the work runs.

CacheInspectReport run_inspect(std::string location, Environment environment, const CallHooks& hooks) {
  return call_native(hooks, [&](const NativeHooks& native) {
    return convert::inspect_cache(location, with_hooks(std::move(environment), native));
  });
}

CachePruneReport run_prune(CachePruneRequest request, Environment environment, const CallHooks& hooks) {
  return call_native(hooks, [&](const NativeHooks& native) {
    return convert::prune_cache(request, with_hooks(std::move(environment), native));
  });
}

}  // namespace

void register_cache(py::module_& core) {
  auto module = core.def_submodule("cache", "Remote cache images.");
  py::class_<CacheRecordReport>(module, "CacheRecordReport", "One remembered layer.")
      .def_readonly("platform", &CacheRecordReport::platform)
      .def_readonly("format", &CacheRecordReport::format, "Empty: not known; then no conversion uses it.")
      .def_readonly("fingerprint", &CacheRecordReport::fingerprint, "Of format, options and encoder version.")
      .def_readonly("source", &CacheRecordReport::source)
      .def_readonly("target", &CacheRecordReport::target)
      .def_readonly("media_type", &CacheRecordReport::media_type)
      .def_readonly("target_size", &CacheRecordReport::target_size)
      .def_readonly("last_use", &CacheRecordReport::last_use, "Counted in records added; 0: never noted.");
  py::class_<CacheInspectReport>(module, "CacheInspectReport", "What a cache image holds.")
      .def_readonly("reference", &CacheInspectReport::reference)
      .def_readonly("digest", &CacheInspectReport::digest)
      .def_readonly("media_type", &CacheInspectReport::media_type)
      .def_readonly("versions", &CacheInspectReport::versions)
      .def_readonly("records", &CacheInspectReport::records)
      .def_readonly("warnings", &CacheInspectReport::warnings);
  py::class_<CachePruneRequest>(module, "CachePruneRequest", "Which records to drop.")
      .def(py::init<>())
      .def_readwrite("location", &CachePruneRequest::location)
      .def_readwrite("keep", &CachePruneRequest::keep, "Most recently used records of each platform; None: all.")
      .def_readwrite("dead", &CachePruneRequest::dead, "Those whose target blob is gone.")
      .def_readwrite("dry_run", &CachePruneRequest::dry_run);
  py::class_<CachePruneReport>(module, "CachePruneReport", "What was dropped.")
      .def_readonly("reference", &CachePruneReport::reference)
      .def_readonly("digest", &CachePruneReport::digest)
      .def_readonly("records", &CachePruneReport::records, "Before.")
      .def_readonly("dropped", &CachePruneReport::dropped)
      .def_readonly("dead", &CachePruneReport::dead);
  module.def("inspect", &run_inspect, py::arg("location"), py::arg("environment"), py::arg("hooks"),
             "Reads the documents of a cache image.");
  module.def("prune", &run_prune, py::arg("request"), py::arg("environment"), py::arg("hooks"),
             "Drops records of a cache image.");
}

}  // namespace accel::bindings
