/// accel._core.fs: files of a merged tree.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/typing.h>

#include <string>

#include "accel/fs/tree.hpp"
#include "bindings.hpp"
#include "casters.hpp"

namespace accel::bindings {

namespace {

const char* type_name(tar::EntryType type) {
  switch (type) {
    case tar::EntryType::regular:
      return "regular";
    case tar::EntryType::directory:
      return "directory";
    case tar::EntryType::symlink:
      return "symlink";
    case tar::EntryType::hardlink:
      return "hardlink";
    case tar::EntryType::character:
      return "character";
    case tar::EntryType::block:
      return "block";
    case tar::EntryType::fifo:
      return "fifo";
  }
  return "unknown";
}

py::typing::Dict<py::str, py::bytes> xattrs(const fs::Node& node) {
  py::typing::Dict<py::str, py::bytes> result;
  for (const auto& [name, value] : node.xattrs) result[to_str(name)] = py::bytes(value);
  return result;
}

}  // namespace

void register_fs(py::module_& core) {
  using fs::Node;
  auto module = core.def_submodule("fs", "Files of a merged tree.");
  py::class_<Node>(module, "Node", "Attributes of one file.")
      .def_property_readonly(
          "type", [](const Node& node) { return type_name(node.type); },
          "`regular`, `directory`, `symlink`, `character`, `block` or `fifo`.")
      .def_readonly("mode", &Node::mode, "Permissions and set-id bits.")
      .def_readonly("uid", &Node::uid)
      .def_readonly("gid", &Node::gid)
      .def_readonly("size", &Node::size, "Bytes of content.")
      .def_property_readonly(
          "mtime_ns",
          [](const Node& node) {
            return py::int_(node.mtime.seconds) * py::int_(1'000'000'000) + py::int_(node.mtime.nanoseconds);
          },
          "Nanoseconds since the epoch.")
      .def_property_readonly("link_target", [](const Node& node) { return to_str(node.link_target); })
      .def_readonly("device_major", &Node::device_major)
      .def_readonly("device_minor", &Node::device_minor)
      .def_property_readonly("xattrs", &xattrs, "Name to raw value.")
      .def_readonly("content", &Node::content, "SHA-256 of the content of a regular file.")
      .def_readonly("implicit", &Node::implicit, "A directory no layer has an entry for.");
}

}  // namespace accel::bindings
