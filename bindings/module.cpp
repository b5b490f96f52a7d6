/// accel._core: submodules in layer order, so that every type is known before a signature names it.
#include "bindings.hpp"

PYBIND11_MODULE(_core, core) {
  core.doc() = "Native part of accel. Private: import accel instead.";
  core.attr("__version__") = ACCEL_VERSION;
  accel::bindings::register_errors(core);
  accel::bindings::register_base(core);
  accel::bindings::register_oci(core);
  accel::bindings::register_fs(core);
  accel::bindings::register_formats(core);
  accel::bindings::register_registry(core);
  accel::bindings::register_store(core);
  accel::bindings::register_convert(core);
  accel::bindings::register_cache(core);
}
