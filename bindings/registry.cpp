/// accel._core.registry: how registries are reached, and the step-by-step check of one host.
#include <pybind11/chrono.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "accel/registry/client.hpp"
#include "accel/registry/options.hpp"
#include "bindings.hpp"
#include "callbacks.hpp"
#include "casters.hpp"

namespace accel::bindings {

namespace {

registry::HostReport diagnose(const std::string& host, const registry::Options& options, const CallHooks& hooks) {
  return call_native(hooks, [&](const NativeHooks& native) {
    return registry::Client(options, native.log).diagnose(host, native.cancel);
  });
}

}  // namespace

void register_registry(py::module_& core) {
  using registry::HostOptions;
  using registry::HostReport;
  using registry::Options;
  auto module = core.def_submodule("registry", "Registries: settings and diagnosis.");

  py::class_<HostOptions>(module, "HostOptions", "Settings of one registry host.")
      .def(py::init<>())
      .def_readwrite("auth", &HostOptions::auth, "base64 of user:password; empty: docker config, then anonymous.")
      .def_readwrite("insecure", &HostOptions::insecure, "Do not verify the certificate.")
      .def_readwrite("plain_http", &HostOptions::plain_http, "None: HTTPS, and HTTP on loopback hosts only.")
      .def_readwrite("ca_file", &HostOptions::ca_file, "PEM, besides the system's roots.")
      .def_readwrite("client_cert", &HostOptions::client_cert, "PEM.")
      .def_readwrite("client_key", &HostOptions::client_key, "PEM.")
      .def_readwrite("mirrors", &HostOptions::mirrors, "Tried in order, for reading only.");

  py::class_<Options>(module, "Options", "How registries are reached.")
      .def(py::init<>())
      .def_readwrite("hosts", &Options::hosts, "Host as in references, port included, to its settings.")
      .def_readwrite("docker_config_dir", &Options::docker_config_dir, "Empty: $DOCKER_CONFIG, then ~/.docker.")
      .def_readwrite("connect_timeout", &Options::connect_timeout)
      .def_readwrite("response_timeout", &Options::response_timeout)
      .def_readwrite("idle_timeout", &Options::idle_timeout)
      .def_readwrite("max_attempts", &Options::max_attempts, "Of one request, the first included.")
      .def_readwrite("max_connections", &Options::max_connections, "Per host.")
      .def_readwrite("user_agent", &Options::user_agent);

  py::class_<HostReport::Step>(module, "Step", "One step on the way to a registry.")
      .def_readonly("name", &HostReport::Step::name)
      .def_readonly("ok", &HostReport::Step::ok)
      .def_property_readonly("detail", [](const HostReport::Step& step) { return to_str(step.detail); });
  py::class_<HostReport>(module, "HostReport", "The outcome of diagnose().").def_readonly("steps", &HostReport::steps);

  module.def("diagnose", &diagnose, py::arg("host"), py::arg("options"), py::arg("hooks"),
             "Checks a host step by step; what it finds is in the report.");
}

}  // namespace accel::bindings
