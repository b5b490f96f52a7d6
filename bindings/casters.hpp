/// How values cross the border: digests are `str`, bytes of unknown encoding are `str` as os.fsdecode makes them.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <string_view>

#include "accel/hash/digest.hpp"

namespace accel::bindings {

/// `text` as a Python str; bytes that are no UTF-8 become surrogates, so names survive a round trip through
/// os.fsencode.
inline pybind11::str to_str(std::string_view text) {
  PyObject* object = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "surrogateescape");
  if (object == nullptr) throw pybind11::error_already_set();
  return pybind11::reinterpret_steal<pybind11::str>(object);
}

}  // namespace accel::bindings

namespace pybind11::detail {

/// hash::Digest ⇄ `sha256:…`; the empty Digest is "".
template <>
struct type_caster<accel::hash::Digest> {
  PYBIND11_TYPE_CASTER(accel::hash::Digest, const_name("str"));

  bool load(handle source, bool) {
    if (!isinstance<str>(source)) return false;
    const auto text = source.cast<std::string>();
    value = text.empty() ? accel::hash::Digest{} : accel::hash::Digest::parse(text);
    return true;
  }

  static handle cast(const accel::hash::Digest& digest, return_value_policy, handle) {
    return str(digest.to_string()).release();
  }
};

}  // namespace pybind11::detail
