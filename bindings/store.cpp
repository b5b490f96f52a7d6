/// accel._core.store: the local content store and its collector.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "accel/io/memory.hpp"
#include "accel/store/local_store.hpp"
#include "bindings.hpp"
#include "callbacks.hpp"
#include "casters.hpp"

namespace accel::bindings {

namespace {

using store::CollectOptions;
using store::CollectReport;
using store::LocalStore;
using store::StoredBlob;
using store::StoreUsage;

using Unlocked = py::call_guard<py::gil_scoped_release>;

/// Keeps a blob in the store until `release`.
class Pin {
 public:
  explicit Pin(std::shared_ptr<io::ByteSource> source) : source_(std::move(source)) {}
  void release() { source_.reset(); }

 private:
  std::shared_ptr<io::ByteSource> source_;
};

std::optional<Pin> pin(LocalStore& local, const oci::Digest& digest) {
  auto source = local.pin_blob(digest);
  if (!source) return std::nullopt;
  return Pin(std::move(source));
}

oci::Digest add(LocalStore& local, const py::bytes& document) {
  const std::string_view bytes = document;  // of an object that cannot change and that the caller holds
  const py::gil_scoped_release unlocked;
  return local.add(as_bytes(bytes));
}

std::optional<py::bytes> read(LocalStore& local, const oci::Digest& digest) {
  Bytes bytes;
  {
    const py::gil_scoped_release unlocked;
    const auto size = local.blob_size(digest);
    if (!size) return std::nullopt;
    oci::Descriptor blob;
    blob.digest = digest;
    blob.size = *size;
    try {
      bytes = io::read_all(*local.open_blob(blob, {}), *size);
    } catch (const NotFound&) {  // evicted meanwhile
      return std::nullopt;
    }
  }
  return py::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

CollectReport collect(LocalStore& local, std::uint64_t threshold, unsigned percent, bool dry_run,
                      const CallHooks& hooks) {
  return call_native(hooks, [&](const NativeHooks& native) {
    return local.collect(CollectOptions{threshold, percent, dry_run}, native.cancel);
  });
}

void register_values(py::module_& module) {
  py::class_<StoredBlob>(module, "StoredBlob", "A blob as it lies in the store.")
      .def_readonly("digest", &StoredBlob::digest)
      .def_readonly("size", &StoredBlob::size, "Bytes of content.")
      .def_readonly("disk_bytes", &StoredBlob::disk_bytes, "Bytes of disk, as du counts them.")
      .def_readonly("uses", &StoredBlob::uses, "Times it was written or opened.")
      .def_readonly("used_at", &StoredBlob::used_at, "Seconds since 1970; 0 when not known.")
      .def_readonly("pinned", &StoredBlob::pinned, "Somebody uses it now.");

  py::class_<StoreUsage>(module, "StoreUsage", "What a store holds, in bytes of disk but for content_bytes.")
      .def_readonly("blobs", &StoreUsage::blobs)
      .def_readonly("content_bytes", &StoreUsage::content_bytes)
      .def_readonly("blob_bytes", &StoreUsage::blob_bytes)
      .def_readonly("pinned_blobs", &StoreUsage::pinned_blobs)
      .def_readonly("pinned_bytes", &StoreUsage::pinned_bytes)
      .def_readonly("unfinished", &StoreUsage::unfinished, "Blobs being written, and downloads to be gone on with.")
      .def_readonly("unfinished_bytes", &StoreUsage::unfinished_bytes)
      .def_readonly("records", &StoreUsage::records)
      .def_property_readonly("total_bytes", &StoreUsage::total_bytes, "What thresholds are compared with.");

  py::class_<CollectReport>(module, "CollectReport", "What a collection did, in bytes of disk.")
      .def_readonly("target_bytes", &CollectReport::target_bytes)
      .def_readonly("before_bytes", &CollectReport::before_bytes)
      .def_readonly("after_bytes", &CollectReport::after_bytes)
      .def_readonly("evicted_blobs", &CollectReport::evicted_blobs)
      .def_readonly("evicted_bytes", &CollectReport::evicted_bytes)
      .def_readonly("pinned_blobs", &CollectReport::pinned_blobs, "Met on the way and left.")
      .def_readonly("pinned_bytes", &CollectReport::pinned_bytes)
      .def_readonly("removed_partials", &CollectReport::removed_partials, "Unfinished downloads.")
      .def_readonly("removed_partial_bytes", &CollectReport::removed_partial_bytes);

  py::class_<Pin>(module, "Pin", "Keeps a blob in the store.")
      .def("release", &Pin::release, "Lets it go; twice is the same as once.");
}

}  // namespace

void register_store(py::module_& core) {
  auto module = core.def_submodule("store", "The local content store and its collector.");
  module.attr("AFTER_TASK_PERCENT") = store::kAfterTaskPercent;
  module.attr("HOURLY_PERCENT") = store::kHourlyPercent;
  register_values(module);

  py::class_<LocalStore>(module, "LocalStore", "Blobs on this machine's disk under their digest.")
      .def(py::init([](const std::string& directory, bool create) {
             return std::make_unique<LocalStore>(directory, create ? store::OpenMode::write : store::OpenMode::read);
           }),
           py::arg("directory"), py::kw_only(), py::arg("create"), Unlocked(),
           "Opens a store; with `create` it is made, or repaired. Raises StoreError.")
      .def("add", &add, py::arg("document"), "Stores bytes. Returns their digest. Raises StoreError.")
      .def("read", &read, py::arg("digest"), "A blob's bytes, verified; None when it is absent.")
      .def("pin", &pin, py::arg("digest"), Unlocked(), "Keeps a blob from being evicted; None when it is absent.")
      .def("blobs", &LocalStore::blobs, Unlocked(), "All blobs, those first that would be evicted first.")
      .def("usage", &LocalStore::usage, Unlocked(), "Counts and sizes of all that is there.")
      .def("collect", &collect, py::arg("threshold"), py::arg("percent"), py::arg("dry_run"), py::arg("hooks"),
           "Evicts least frequently used blobs when the store takes more than `percent` of `threshold`.");
}

}  // namespace accel::bindings
