/// accel._core.formats: the list of formats and their option tables.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "accel/formats/all_formats.hpp"
#include "accel/formats/format.hpp"
#include "accel/formats/option_field.hpp"
#include "bindings.hpp"

namespace accel::bindings {

namespace {

const char* type_name(formats::OptionType type) {
  switch (type) {
    case formats::OptionType::boolean:
      return "boolean";
    case formats::OptionType::integer:
      return "integer";
    case formats::OptionType::text:
      return "text";
    case formats::OptionType::choice:
      return "choice";
    case formats::OptionType::list:
      return "list";
  }
  return "text";
}

}  // namespace

void register_formats(py::module_& core) {
  using formats::FormatInfo;
  using formats::OptionField;
  auto module = core.def_submodule("formats", "The formats of this version and their options.");

  py::class_<OptionField>(module, "OptionField", "One option of a format.")
      .def_readonly("name", &OptionField::name)
      .def_property_readonly(
          "type", [](const OptionField& field) { return type_name(field.type); },
          "`boolean`, `integer`, `text`, `choice` or `list` (newline-separated).")
      .def_readonly("default", &OptionField::default_text)
      .def_readonly("range", &OptionField::range, "What values it takes; empty when free.")
      .def_readonly("help", &OptionField::help)
      .def_readonly("changes_output", &OptionField::changes_output, "True when output bytes depend on it.");

  py::class_<FormatInfo>(module, "FormatInfo", "One format.")
      .def_readonly("name", &FormatInfo::name, "The driver name of command line and configuration.")
      .def_readonly("description", &FormatInfo::description)
      .def_property_readonly("options", [](const FormatInfo& format) { return *format.options; })
      .def(
          "check_options", [](const FormatInfo& format, const formats::OptionValues& values) { format.make(values); },
          py::arg("values"), "Raises ConfigError naming the first option that is unknown or has a bad value.");

  module.def("all_formats", &formats::all_formats, py::return_value_policy::copy, "Every format, in fixed order.");
}

}  // namespace accel::bindings
