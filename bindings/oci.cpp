/// accel._core.oci: references, platforms and descriptors.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>

#include "accel/oci/descriptor.hpp"
#include "accel/oci/manifest.hpp"
#include "accel/oci/platform.hpp"
#include "accel/oci/reference.hpp"
#include "bindings.hpp"
#include "casters.hpp"

namespace accel::bindings {

void register_oci(py::module_& core) {
  using oci::Descriptor;
  using oci::Platform;
  using oci::Reference;
  auto module = core.def_submodule("oci", "References, platforms and descriptors.");

  py::class_<Reference>(module, "Reference", "host[:port]/repository[:tag][@digest], normalised as Docker does.")
      .def_static("parse", &Reference::parse, py::arg("text"), "Raises InvalidReference naming what is wrong.")
      .def_readonly("host", &Reference::host)
      .def_readonly("repository", &Reference::repository)
      .def_readonly("tag", &Reference::tag, "Empty when absent.")
      .def_readonly("digest", &Reference::digest, "Empty when absent.")
      .def_property_readonly("name", &Reference::name, "host/repository.")
      .def_property_readonly("target", &Reference::target, "What a registry is asked for: the digest, else the tag.")
      .def("__str__", &Reference::to_string);
  module.attr("MAX_TAG_LENGTH") = oci::kMaxTagLength;
  module.def("is_tag", &oci::is_tag, py::arg("text"), "True when `text` is a tag a registry takes.");

  py::class_<Platform>(module, "Platform", "OS and architecture of an image.")
      .def_static("parse", &Platform::parse, py::arg("text"),
                  "Reads os/arch[/variant], aliases normalised as containerd does. Raises ConfigError.")
      .def_readonly("os", &Platform::os)
      .def_readonly("architecture", &Platform::architecture)
      .def_readonly("variant", &Platform::variant)
      .def("matches", &Platform::matches, py::arg("wanted"), "True when an image for this platform serves `wanted`.")
      .def("__str__", &Platform::to_string);
  module.def("host_platform", &oci::host_platform, "The platform of this machine.");

  py::class_<Descriptor>(module, "Descriptor", "Names a blob or manifest by type, digest and size.")
      .def_readonly("media_type", &Descriptor::media_type)
      .def_readonly("digest", &Descriptor::digest)
      .def_readonly("size", &Descriptor::size, "Bytes as stored.")
      .def_readonly("urls", &Descriptor::urls)
      .def_readonly("annotations", &Descriptor::annotations)
      .def_readonly("artifact_type", &Descriptor::artifact_type)
      .def_readonly("platform", &Descriptor::platform);
  py::class_<oci::RawManifest>(module, "RawManifest", "A manifest or index exactly as it is stored.")
      .def_readonly("descriptor", &oci::RawManifest::descriptor)
      .def_property_readonly("bytes", [](const oci::RawManifest& raw) { return py::bytes(raw.bytes); });
}

}  // namespace accel::bindings
