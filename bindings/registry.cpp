/// accel._core.registry: how registries are reached, and the step-by-step check of one host.
#include <pybind11/chrono.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <vector>

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

// Arguments are taken by value: Python code may change the objects they came from while the work runs.

using SharedClient = std::shared_ptr<registry::Client>;

bool is_harbor(SharedClient client, std::string host, const CallHooks& hooks) {
  return call_native(hooks, [&](const NativeHooks& native) { return client->is_harbor(host, native.cancel); });
}

registry::NamePage list_projects(SharedClient client, std::string host, std::string from, const CallHooks& hooks) {
  return call_native(hooks,
                     [&](const NativeHooks& native) { return client->list_projects(host, from, native.cancel); });
}

registry::NamePage list_repositories(SharedClient client, std::string host, std::string project, std::string from,
                                     const CallHooks& hooks) {
  return call_native(
      hooks, [&](const NativeHooks& native) { return client->list_repositories(host, project, from, native.cancel); });
}

registry::TagPage list_tags(SharedClient client, oci::Reference reference, bool harbor, std::string from,
                            const CallHooks& hooks) {
  return call_native(
      hooks, [&](const NativeHooks& native) { return client->list_tags(reference, harbor, from, native.cancel); });
}

oci::RawManifest get_manifest(SharedClient client, oci::Reference reference, const CallHooks& hooks) {
  return call_native(hooks, [&](const NativeHooks& native) {
    return client->repository(reference)->get_manifest(reference.target(), native.cancel);
  });
}

void register_client(py::module_& module) {
  using registry::NamePage;
  using registry::TagEntry;
  using registry::TagPage;
  py::class_<NamePage>(module, "NamePage", "One page of a list of names.")
      .def_property_readonly("names",
                             [](const NamePage& page) {
                               std::vector<py::str> names;
                               for (const auto& name : page.names) names.push_back(to_str(name));
                               return names;
                             })
      .def_readonly("next", &NamePage::next, "Asks for the page after this one; empty on the last.");
  py::class_<TagEntry>(module, "TagEntry", "A tag, and the digest it points to where the list says so.")
      .def_property_readonly("tag", [](const TagEntry& entry) { return to_str(entry.tag); })
      .def_readonly("digest", &TagEntry::digest, "Empty when the list does not say.");
  py::class_<TagPage>(module, "TagPage", "One page of tags.")
      .def_readonly("tags", &TagPage::tags)
      .def_readonly("next", &TagPage::next, "As of NamePage.");

  py::class_<registry::Client, SharedClient>(module, "Client", "Registries, with connections and tokens kept.")
      .def(py::init<registry::Options>(), py::arg("options"))
      .def("is_harbor", &is_harbor, py::arg("host"), py::arg("hooks"), "True when the host is a Harbor.")
      .def("list_projects", &list_projects, py::arg("host"), py::arg("next"), py::arg("hooks"),
           "One page of Harbor's projects.")
      .def("list_repositories", &list_repositories, py::arg("host"), py::arg("project"), py::arg("next"),
           py::arg("hooks"), "One page of the repositories of a Harbor project or, with an empty one, of the catalog.")
      .def("list_tags", &list_tags, py::arg("reference"), py::arg("harbor"), py::arg("next"), py::arg("hooks"),
           "One page of the tags of a repository; with `harbor` by its API, with digests.")
      .def("get_manifest", &get_manifest, py::arg("reference"), py::arg("hooks"),
           "The manifest or index that a reference names, whatever it is of.");
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
  register_client(module);
}

}  // namespace accel::bindings
