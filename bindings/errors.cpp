/// The one table between C++ exceptions and the classes under accel.Error.
#include <pybind11/gil_safe_call_once.h>
#include <pybind11/stl.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "accel/base/error.hpp"
#include "bindings.hpp"
#include "casters.hpp"

namespace accel::bindings {

namespace {

/// A read-only attribute of an exception class. It reads `_name` from the instance, so an instance raised by Python
/// code has the default, and pickling (which sets attributes one by one) works.
template <class T>
void define_field(py::dict& members, const char* name, const char* doc) {
  const std::string key = std::string("_") + name;
  const py::cpp_function getter(
      [key](const py::object& self) -> T {
        return py::hasattr(self, key.c_str()) ? self.attr(key.c_str()).template cast<T>() : T{};
      },
      py::name(name));
  members[name] = py::module_::import("builtins").attr("property")(getter, py::none(), py::none(), doc);
}

template <class T>
const T* as(const Error& error) {
  return dynamic_cast<const T*>(&error);
}

template <class T>
bool is_a(const Error& error) {
  return as<T>(error) != nullptr;
}

void define_error(py::dict& members) {
  define_field<std::string>(members, "message", "The sentence of the thrower alone, without context and hint.");
  define_field<std::string>(members, "hint", "What can be done about it; may be empty.");
}

void set_error(py::object& target, const Error& error) {
  target.attr("_message") = to_str(error.message());
  target.attr("_hint") = to_str(error.hint());
}

void define_format(py::dict& members) {
  define_field<std::string>(members, "digest", "Digest of the damaged blob; empty when it is not known.");
  define_field<py::str>(members, "path", "Path of the entry inside the blob; may be empty.");
  define_field<std::optional<std::uint64_t>>(members, "offset", "Bytes from the start of the stream, or None.");
}

void set_format(py::object& target, const Error& error) {
  const auto& where = as<FormatError>(error)->where();
  target.attr("_digest") = to_str(where.digest);
  target.attr("_path") = to_str(where.path);
  target.attr("_offset") = where.offset;
}

void define_mismatch(py::dict& members) {
  define_field<std::string>(members, "expected", "The digest that was asked for.");
  define_field<std::string>(members, "actual", "The digest of what was there.");
  define_field<std::uint64_t>(members, "length", "Bytes that were hashed.");
}

void set_mismatch(py::object& target, const Error& error) {
  const auto& mismatch = *as<DigestMismatch>(error);
  target.attr("_expected") = mismatch.expected();
  target.attr("_actual") = mismatch.actual();
  target.attr("_length") = mismatch.length();
}

void define_store(py::dict& members) { define_field<py::str>(members, "path", "The file or directory."); }

void set_store(py::object& target, const Error& error) {
  const auto& store = *as<StoreError>(error);
  target.attr("_path") = to_str(store.path());
  if (store.code() == 0) return;
  target.attr("errno") = store.code();
  // OSError keeps errno in a slot that pickle does not see; what is in __dict__ is set again when it is read back.
  target.attr("__dict__")["errno"] = store.code();
}

void define_registry(py::dict& members) {
  define_field<int>(members, "status", "HTTP status; 0 when there was no answer.");
  define_field<std::string>(members, "code", "The registry's own error code, for example MANIFEST_UNKNOWN.");
  define_field<std::string>(members, "method", "HTTP method.");
  define_field<std::string>(members, "url", "The address, without secrets.");
  define_field<bool>(members, "retryable", "True when the same request may succeed later.");
}

void set_registry(py::object& target, const Error& error) {
  const auto& fields = as<RegistryError>(error)->fields();
  target.attr("_status") = fields.status;
  target.attr("_code") = to_str(fields.code);
  target.attr("_method") = fields.method;
  target.attr("_url") = to_str(fields.url);
  target.attr("_retryable") = fields.retryable;
}

void define_rate_limited(py::dict& members) {
  define_field<double>(members, "retry_after", "Seconds the registry asks to wait; 0 when it did not say.");
}

void set_rate_limited(py::object& target, const Error& error) {
  target.attr("_retry_after") = std::chrono::duration<double>(as<RateLimited>(error)->fields().retry_after).count();
}

/// One class: its parent in the tree, a builtin it also is, and its own fields.
struct Row {
  const char* name;
  const char* parent;
  PyObject* const* builtin;
  const char* doc;
  bool (*matches)(const Error&);
  void (*define)(py::dict&) = nullptr;
  void (*set)(py::object&, const Error&) = nullptr;
};

PyObject* const* const kNone = nullptr;

/// Parents first: the last row that matches is the most derived class, and every matching row sets its own fields.
const std::array kRows{
    Row{"Error", nullptr, &PyExc_Exception, "Base of everything accel raises.", is_a<Error>, define_error, set_error},
    Row{"ConfigError", "Error", &PyExc_ValueError, "Wrong configuration, option or argument.", is_a<ConfigError>},
    Row{"InvalidReference", "Error", &PyExc_ValueError, "Text that is no image reference or location.",
        is_a<InvalidReference>},
    Row{"UnsupportedError", "Error", kNone, "Well-formed input that asks for something this version does not do.",
        is_a<UnsupportedError>},
    Row{"Cancelled", "Error", kNone, "The operation was cancelled by its CancelToken.", is_a<Cancelled>},
    Row{"FormatError", "Error", kNone, "Bad bytes: which blob, which file in it, where.", is_a<FormatError>,
        define_format, set_format},
    Row{"DigestMismatch", "Error", kNone, "Content that is not what its digest or size says.", is_a<DigestMismatch>,
        define_mismatch, set_mismatch},
    Row{"StoreError", "Error", &PyExc_OSError, "A local file or directory could not be read or written.",
        is_a<StoreError>, define_store, set_store},
    Row{"RegistryError", "Error", kNone, "A registry refused, failed, or could not be reached.", is_a<RegistryError>,
        define_registry, set_registry},
    Row{"Unauthorized", "RegistryError", kNone, "The registry answered 401 or 403.", is_a<Unauthorized>},
    Row{"NotFound", "RegistryError", &PyExc_LookupError, "The registry has no such image, tag or blob.",
        is_a<NotFound>},
    Row{"RateLimited", "RegistryError", kNone, "The registry answered 429: too many requests.", is_a<RateLimited>,
        define_rate_limited, set_rate_limited},
    Row{"TlsError", "RegistryError", kNone, "Certificate or handshake failed.", is_a<TlsError>},
    Row{"Unreachable", "RegistryError", kNone, "Name resolution, connection or time-out.", is_a<Unreachable>},
};

using Types = std::array<py::object, kRows.size()>;

/// The classes, kept for the life of the interpreter: a translator is a plain function and can hold no state.
Types& types() {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<Types> storage;
  return storage.call_once_and_store_result([] { return Types{}; }).get_stored();
}

void raise(const Error& error) {
  py::object instance;
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].matches(error)) instance = types()[i];
  }
  instance = instance(to_str(error.what()));
  for (const auto& row : kRows) {
    if (row.set != nullptr && row.matches(error)) row.set(instance, error);
  }
  PyErr_SetObject(py::type::handle_of(instance).ptr(), instance.ptr());
}

void translate(std::exception_ptr pointer) {
  if (!pointer) return;
  try {
    std::rethrow_exception(pointer);
  } catch (const Error& error) {
    raise(error);
  }
}

}  // namespace

void register_errors(py::module_& core) {
  const py::object make_type = py::module_::import("builtins").attr("type");
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    const auto& row = kRows[i];
    py::list bases;
    if (row.parent != nullptr) bases.append(core.attr(row.parent));
    if (row.builtin != nullptr) bases.append(py::reinterpret_borrow<py::object>(*row.builtin));
    py::dict members;
    members["__doc__"] = row.doc;
    members["__module__"] = core.attr("__name__");
    if (row.define != nullptr) row.define(members);
    types()[i] = make_type(row.name, py::tuple(bases), members);
    core.attr(row.name) = types()[i];
  }
  py::register_exception_translator(&translate);
}

}  // namespace accel::bindings
