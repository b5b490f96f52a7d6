/// What module.cpp calls: one register function a submodule. No pybind11 casters here, so that an edit of one binding
/// file rebuilds that file only.
#pragma once

#include <pybind11/pybind11.h>

namespace accel::bindings {

namespace py = pybind11;

void register_errors(py::module_& core);
void register_base(py::module_& core);
void register_oci(py::module_& core);
void register_fs(py::module_& core);
void register_formats(py::module_& core);
void register_registry(py::module_& core);
void register_cache(py::module_& core);
void register_store(py::module_& core);
void register_convert(py::module_& core);

}  // namespace accel::bindings
