/// accel._core.convert: requests, reports and the jobs themselves.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "accel/codec/codec.hpp"
#include "accel/convert/converter.hpp"
#include "accel/convert/inspect.hpp"
#include "accel/convert/location.hpp"
#include "accel/convert/request.hpp"
#include "accel/convert/twin.hpp"
#include "accel/registry/client.hpp"
#include "bindings.hpp"
#include "callbacks.hpp"
#include "casters.hpp"
#include "environment.hpp"

namespace accel::bindings {

namespace {

using convert::BackendSettings;
using convert::CacheReport;
using convert::CacheRequest;
using convert::CheckReport;
using convert::ConvertReport;
using convert::ConvertRequest;
using convert::CopyReport;
using convert::CopyRequest;
using convert::DictionaryImage;
using convert::DictionaryReport;
using convert::DictionaryRequest;
using convert::Difference;
using convert::Environment;
using convert::InspectedImage;
using convert::InspectedLayer;
using convert::InspectReport;
using convert::LayerReport;
using convert::Location;
using convert::TargetReport;
using convert::TargetRequest;
using convert::Twin;
using convert::TwinState;
using convert::UnpackRequest;

/// A text member as str, whatever its bytes.
template <class T>
auto text(std::string T::*member) {
  return [member](const T& object) { return to_str(object.*member); };
}

/// One path of a merged tree. Paths with equal `file` are hardlinks of each other.
struct TreeEntry {
  std::string path;
  std::uint64_t file = 0;
  fs::Node node;
};

/// The files of one image; Python objects are made one by one while iterating.
struct Listing {
  std::vector<TreeEntry> entries;
};

// Arguments are taken by value: Python code may change the objects they came from while the work runs.

ConvertReport run_convert(ConvertRequest request, Environment environment, const CallHooks& hooks) {
  return call_native(hooks, [&](const NativeHooks& native) {
    request.before_publish = native.before_publish;
    return convert::convert(request, with_hooks(std::move(environment), native));
  });
}

CopyReport run_copy(CopyRequest request, Environment environment, const CallHooks& hooks) {
  return call_native(hooks, [&](const NativeHooks& native) {
    return convert::copy(request, with_hooks(std::move(environment), native));
  });
}

ConvertReport run_unpack(UnpackRequest request, Environment environment, const CallHooks& hooks) {
  return call_native(hooks, [&](const NativeHooks& native) {
    return convert::unpack(request, with_hooks(std::move(environment), native));
  });
}

DictionaryReport run_make_dictionary(DictionaryRequest request, Environment environment, const CallHooks& hooks) {
  return call_native(hooks, [&](const NativeHooks& native) {
    return convert::make_dictionary(request, with_hooks(std::move(environment), native));
  });
}

CheckReport run_check(std::string source, std::string target, std::vector<oci::Platform> platforms,
                      Environment environment, const CallHooks& hooks) {
  return call_native(hooks, [&](const NativeHooks& native) {
    return convert::check(source, target, platforms, with_hooks(std::move(environment), native));
  });
}

InspectReport run_inspect(std::string location, std::vector<oci::Platform> platforms, Environment environment,
                          const CallHooks& hooks) {
  return call_native(hooks, [&](const NativeHooks& native) {
    return convert::inspect(location, platforms, with_hooks(std::move(environment), native));
  });
}

Twin run_find_twin(std::shared_ptr<registry::Client> client, oci::Reference source, oci::Reference target,
                   std::vector<oci::Platform> platforms, bool by_subject, const CallHooks& hooks) {
  return call_native(hooks, [&](const NativeHooks& native) {
    const auto from = client->repository(source);
    const auto to = client->repository(target);
    return convert::find_twin({*from, source.digest, *to, target.target(), platforms, by_subject}, native.cancel);
  });
}

std::uint64_t run_image_size(std::shared_ptr<registry::Client> client, oci::Reference reference,
                             std::vector<oci::Platform> platforms, const CallHooks& hooks) {
  return call_native(hooks, [&](const NativeHooks& native) {
    return convert::image_size(*client->repository(reference), reference.target(), platforms, native.cancel);
  });
}

Listing run_list_files(std::string location, oci::Platform platform, Environment environment, const CallHooks& hooks) {
  return call_native(hooks, [&](const NativeHooks& native) {
    Listing listing;
    std::unordered_map<const fs::Node*, std::uint64_t> files;
    const auto add = [&](const std::string& path, const fs::Node& node) {
      listing.entries.push_back({path, files.try_emplace(&node, files.size()).first->second, node});
    };
    convert::list_files(location, platform, with_hooks(std::move(environment), native), add);
    return listing;
  });
}

void register_requests(py::module_& module) {
  py::class_<codec::DecodeLimits>(module, "DecodeLimits", "What a decoder lets a hostile layer do.")
      .def(py::init([](std::optional<std::uint64_t> max_ratio, std::optional<std::uint64_t> max_bytes) {
             codec::DecodeLimits limits;
             limits.max_ratio = max_ratio.value_or(limits.max_ratio);
             limits.max_bytes = max_bytes.value_or(limits.max_bytes);
             return limits;
           }),
           py::kw_only(), py::arg("max_ratio") = py::none(), py::arg("max_bytes") = py::none(),
           "None keeps the default.")
      .def_readonly("max_ratio", &codec::DecodeLimits::max_ratio, "Decompressed bytes per compressed byte.")
      .def_readonly("max_bytes", &codec::DecodeLimits::max_bytes, "Decompressed bytes of one layer.");
  py::class_<BackendSettings>(module, "BackendSettings", "A storage backend, as driver options name it.")
      .def(py::init<std::string, std::string>(), py::arg("type"), py::arg("config"))
      .def_readonly("type", &BackendSettings::type);  // No config: it may hold secrets.
  py::class_<Environment>(module, "Environment", "What every job needs.")
      .def(py::init<>())
      .def_readwrite("registry", &Environment::registry)
      .def_readwrite("backends", &Environment::backends, "Where layers may be that their repositories lack.")
      .def_readwrite("jobs", &Environment::jobs, "Encoder threads; 0 = one per core.")
      .def_readwrite("memory_bytes", &Environment::memory_bytes, "Of all chunks in flight.")
      .def_readwrite("decode_limits", &Environment::decode_limits)
      .def_readwrite("temp_dir", &Environment::temp_dir, "Empty: $TMPDIR, then /tmp.")
      .def_readwrite("store_dir", &Environment::store_dir, "Of the local store; empty: none.");
  py::class_<TargetRequest>(module, "TargetRequest", "One wanted format and where its image goes.")
      .def(py::init<std::string, formats::OptionValues, std::string>(), py::arg("driver"), py::arg("options"),
           py::arg("location"))
      .def_readonly("driver", &TargetRequest::driver)
      .def_readonly("options", &TargetRequest::options)
      .def_readonly("location", &TargetRequest::location);
  py::class_<CacheRequest>(module, "CacheRequest", "The image that remembers converted layers.")
      .def(py::init<>())
      .def_readwrite("location", &CacheRequest::location, "Empty: none.")
      .def_readwrite("version", &CacheRequest::version, "Records of another version are ignored.")
      .def_readwrite("capacity", &CacheRequest::capacity, "Records kept for each platform; 0: no cache.");
  py::class_<ConvertRequest>(module, "ConvertRequest", "What to convert, into what.")
      .def(py::init<>())
      .def_readwrite("source", &ConvertRequest::source)
      .def_readwrite("targets", &ConvertRequest::targets)
      .def_readwrite("cache", &ConvertRequest::cache)
      .def_readwrite("platforms", &ConvertRequest::platforms, "Empty: all.")
      .def_readwrite("docker_to_oci", &ConvertRequest::docker_to_oci)
      .def_readwrite("verify", &ConvertRequest::verify)
      .def_readwrite("dry_run", &ConvertRequest::dry_run)
      .def_readwrite("harbor_annotation", &ConvertRequest::harbor_annotation);
  py::class_<CopyRequest>(module, "CopyRequest", "What to copy, where to.")
      .def(py::init<>())
      .def_readwrite("source", &CopyRequest::source)
      .def_readwrite("target", &CopyRequest::target)
      .def_readwrite("all_platforms", &CopyRequest::all_platforms)
      .def_readwrite("platforms", &CopyRequest::platforms)
      .def_readwrite("referrers", &CopyRequest::referrers)
      .def_readwrite("decrypt_keys", &CopyRequest::decrypt_keys, "FILE[:pass=…]: private keys of encrypted layers.")
      .def_readwrite("encryption_keys", &CopyRequest::encryption_keys, "Recipients: jwe:FILE, pkcs7:FILE, pgp:NAME.")
      .def_readwrite("encrypt_layers", &CopyRequest::encrypt_layers, "From 0; negative from the end. Empty: all.");
  py::class_<UnpackRequest>(module, "UnpackRequest", "What to turn back into an ordinary image, where to.")
      .def(py::init<>())
      .def_readwrite("source", &UnpackRequest::source)
      .def_readwrite("target", &UnpackRequest::target)
      .def_readwrite("platforms", &UnpackRequest::platforms, "Empty: all.")
      .def_property(
          "compression", [](const UnpackRequest& request) { return std::string(to_string(request.compression)); },
          [](UnpackRequest& request, const std::string& name) { request.compression = codec::parse_compression(name); },
          "Of layers: none, gzip or zstd.");
  py::class_<DictionaryRequest>(module, "DictionaryRequest", "Of which images to make a dictionary, where to.")
      .def(py::init<>())
      .def_readwrite("sources", &DictionaryRequest::sources)
      .def_readwrite("target", &DictionaryRequest::target)
      .def_readwrite("driver", &DictionaryRequest::driver)
      .def_readwrite("options", &DictionaryRequest::options, "For images that are converted first.")
      .def_readwrite("platforms", &DictionaryRequest::platforms, "Empty: all.");
}

void register_convert_report(py::module_& module) {
  py::class_<LayerReport>(module, "LayerReport", "One layer and what it became.")
      .def_readonly("platform", &LayerReport::platform)
      .def_readonly("source_digest", &LayerReport::source_digest)
      .def_readonly("target_digest", &LayerReport::target_digest)
      .def_readonly("source_size", &LayerReport::source_size)
      .def_readonly("target_size", &LayerReport::target_size)
      .def_readonly("cached", &LayerReport::cached);
  py::class_<TargetReport>(module, "TargetReport", "One image that was made.")
      .def_readonly("driver", &TargetReport::driver)
      .def_readonly("reference", &TargetReport::reference)
      .def_readonly("digest", &TargetReport::digest)
      .def_readonly("media_type", &TargetReport::media_type)
      .def_readonly("size", &TargetReport::size)
      .def_readonly("layers", &TargetReport::layers)
      .def_readonly("notes", &TargetReport::notes)
      .def_readonly("skipped", &TargetReport::skipped);
  py::class_<CacheReport>(module, "CacheReport", "What a conversion had of its cache.")
      .def_readonly("reference", &CacheReport::reference, "Empty: there was none.")
      .def_readonly("hits", &CacheReport::hits)
      .def_readonly("misses", &CacheReport::misses)
      .def_readonly("added", &CacheReport::added, "Records.")
      .def_readonly("dropped", &CacheReport::dropped, "Records.");
  py::class_<ConvertReport>(module, "ConvertReport", "The outcome of convert(). Times are seconds.")
      .def_readonly("source_reference", &ConvertReport::source_reference)
      .def_readonly("source_digest", &ConvertReport::source_digest)
      .def_readonly("source_size", &ConvertReport::source_size)
      .def_readonly("targets", &ConvertReport::targets)
      .def_readonly("cache", &ConvertReport::cache)
      .def_property_readonly("total", [](const ConvertReport& report) { return report.total.count(); })
      .def_property_readonly("pull", [](const ConvertReport& report) { return report.pull.count(); })
      .def_property_readonly("convert", [](const ConvertReport& report) { return report.convert.count(); })
      .def_property_readonly("push", [](const ConvertReport& report) { return report.push.count(); })
      .def_readonly("bytes_read", &ConvertReport::bytes_read)
      .def_readonly("bytes_written", &ConvertReport::bytes_written)
      .def_readonly("bytes_uploaded", &ConvertReport::bytes_uploaded)
      .def_readonly("bytes_mounted", &ConvertReport::bytes_mounted);
}

void register_other_reports(py::module_& module) {
  py::class_<CopyReport>(module, "CopyReport", "The outcome of copy(). Times are seconds.")
      .def_readonly("digest", &CopyReport::digest)
      .def_readonly("media_type", &CopyReport::media_type)
      .def_readonly("bytes_read", &CopyReport::bytes_read)
      .def_readonly("bytes_uploaded", &CopyReport::bytes_uploaded)
      .def_readonly("bytes_mounted", &CopyReport::bytes_mounted)
      .def_readonly("blobs_copied", &CopyReport::blobs_copied)
      .def_readonly("blobs_existing", &CopyReport::blobs_existing)
      .def_readonly("blobs_mounted", &CopyReport::blobs_mounted)
      .def_property_readonly("total", [](const CopyReport& report) { return report.total.count(); });
  py::class_<DictionaryImage>(module, "DictionaryImage", "One image whose chunks are in a dictionary.")
      .def_readonly("reference", &DictionaryImage::reference)
      .def_readonly("digest", &DictionaryImage::digest)
      .def_readonly("platform", &DictionaryImage::platform)
      .def_readonly("converted", &DictionaryImage::converted);
  py::class_<DictionaryReport>(module, "DictionaryReport", "The outcome of make_dictionary(). Times are seconds.")
      .def_readonly("reference", &DictionaryReport::reference)
      .def_readonly("digest", &DictionaryReport::digest)
      .def_readonly("media_type", &DictionaryReport::media_type)
      .def_readonly("size", &DictionaryReport::size)
      .def_readonly("blobs", &DictionaryReport::blobs)
      .def_readonly("images", &DictionaryReport::images)
      .def_readonly("notes", &DictionaryReport::notes)
      .def_readonly("bytes_read", &DictionaryReport::bytes_read)
      .def_readonly("bytes_uploaded", &DictionaryReport::bytes_uploaded)
      .def_readonly("bytes_mounted", &DictionaryReport::bytes_mounted)
      .def_property_readonly("total", [](const DictionaryReport& report) { return report.total.count(); });
  py::class_<Difference>(module, "Difference", "One path that is not the same in both images.")
      .def_property_readonly("platform", text(&Difference::platform))
      .def_property_readonly("path", text(&Difference::path))
      .def_property_readonly("field", text(&Difference::field))
      .def_property_readonly("source", text(&Difference::source))
      .def_property_readonly("target", text(&Difference::target));
  py::class_<CheckReport>(module, "CheckReport", "The outcome of check().")
      .def_readonly("source_digest", &CheckReport::source_digest)
      .def_readonly("target_digest", &CheckReport::target_digest)
      .def_readonly("differences", &CheckReport::differences)
      .def_readonly("files", &CheckReport::files)
      .def_readonly("content_bytes", &CheckReport::content_bytes)
      .def_readonly("blobs_verified", &CheckReport::blobs_verified)
      .def_readonly("notes", &CheckReport::notes);
}

const char* state_name(TwinState state) {
  switch (state) {
    case TwinState::missing:
      return "missing";
    case TwinState::stale:
      return "stale";
    case TwinState::fresh:
      break;
  }
  return "fresh";
}

void register_inspect(py::module_& module) {
  py::class_<Twin>(module, "Twin", "Whether a converted image belongs to its source as it is now.")
      .def_property_readonly(
          "state", [](const Twin& twin) { return state_name(twin.state); }, "missing, stale or fresh.")
      .def_property_readonly("reason", [](const Twin& twin) { return to_str(twin.reason); });
  py::class_<InspectedLayer>(module, "InspectedLayer", "One layer: descriptor, diffID and format.")
      .def_readonly("descriptor", &InspectedLayer::descriptor)
      .def_readonly("diff_id", &InspectedLayer::diff_id)
      .def_readonly("format", &InspectedLayer::format)
      .def_readonly("entries", &InspectedLayer::entries)
      .def_readonly("chunks", &InspectedLayer::chunks)
      .def_readonly("uncompressed_size", &InspectedLayer::uncompressed_size)
      .def_readonly("details", &InspectedLayer::details);
  py::class_<InspectedImage>(module, "InspectedImage", "The image of one platform.")
      .def_readonly("descriptor", &InspectedImage::descriptor)
      .def_readonly("platform", &InspectedImage::platform)
      .def_property_readonly("manifest_json", text(&InspectedImage::manifest_json))
      .def_property_readonly("config_json", text(&InspectedImage::config_json))
      .def_readonly("layers", &InspectedImage::layers);
  py::class_<InspectReport>(module, "InspectReport", "The outcome of inspect().")
      .def_readonly("reference", &InspectReport::reference)
      .def_readonly("root", &InspectReport::root)
      .def_property_readonly("root_json", text(&InspectReport::root_json))
      .def_readonly("images", &InspectReport::images);
  py::class_<TreeEntry>(module, "TreeEntry", "One path of a merged tree.")
      .def_property_readonly("path", text(&TreeEntry::path))
      .def_readonly("file", &TreeEntry::file, "Number of the file; paths with the same one are hardlinks.")
      .def_readonly("node", &TreeEntry::node);
  py::class_<Listing>(module, "Listing", "The files of one image in path order.")
      .def("__len__", [](const Listing& listing) { return listing.entries.size(); })
      .def(
          "__iter__",
          [](const Listing& listing) { return py::make_iterator(listing.entries.begin(), listing.entries.end()); },
          py::keep_alive<0, 1>());
}

void register_location(py::module_& module) {
  py::class_<Location>(module, "Location", "Where an image is: a registry, an OCI layout or an archive.")
      .def_static("parse", &Location::parse, py::arg("text"), "Raises InvalidReference naming the accepted forms.")
      .def_property_readonly(
          "transport",
          [](const Location& location) {
            constexpr std::array kNames{"registry", "oci", "oci-archive", "docker-archive"};
            return kNames.at(static_cast<std::size_t>(location.transport));
          },
          "`registry`, `oci`, `oci-archive` or `docker-archive`.")
      .def_readonly("reference", &Location::reference, "Registry only.")
      .def_property_readonly("path", text(&Location::path), "Not for registries.")
      .def_property_readonly("tag", text(&Location::tag), "Tag or digest; empty: the only image.")
      .def("__str__", [](const Location& location) { return to_str(location.to_string()); });
  module.def("parse_target_location", &convert::parse_target_location, py::arg("text"),
             "A location that can be written. Raises InvalidReference or UnsupportedError.");
  module.def("parse_cache_location", &convert::parse_cache_location, py::arg("text"),
             "A location of a cache image: one that can be changed. Raises ConfigError as well.");
}

}  // namespace

void register_convert(py::module_& core) {
  auto module = core.def_submodule("convert", "Convert, check, copy and inspect images.");
  register_location(module);
  register_requests(module);
  register_convert_report(module);
  register_other_reports(module);
  register_inspect(module);

  module.def("convert", &run_convert, py::arg("request"), py::arg("environment"), py::arg("hooks"),
             "Converts an image into every wanted format in one pass over its layers.");
  module.def("copy", &run_copy, py::arg("request"), py::arg("environment"), py::arg("hooks"),
             "Copies an image byte for byte, verifying every blob.");
  module.def("unpack", &run_unpack, py::arg("request"), py::arg("environment"), py::arg("hooks"),
             "Turns an image whose layers are no tars back into an ordinary one.");
  module.def("make_dictionary", &run_make_dictionary, py::arg("request"), py::arg("environment"), py::arg("hooks"),
             "Makes an image whose chunks others need not store again.");
  module.def("check", &run_check, py::arg("source"), py::arg("target"), py::arg("platforms"), py::arg("environment"),
             py::arg("hooks"), "Compares two images as file trees and configs.");
  module.def("inspect", &run_inspect, py::arg("location"), py::arg("platforms"), py::arg("environment"),
             py::arg("hooks"), "Reads documents and layer metadata, not layer data.");
  module.def("find_twin", &run_find_twin, py::arg("client"), py::arg("source"), py::arg("target"), py::arg("platforms"),
             py::arg("by_subject"), py::arg("hooks"), "Whether a converted image belongs to its source as it is now.");
  module.def("image_size", &run_image_size, py::arg("client"), py::arg("reference"), py::arg("platforms"),
             py::arg("hooks"), "Compressed bytes of the layers of the wanted platforms.");
  module.def("list_files", &run_list_files, py::arg("location"), py::arg("platform"), py::arg("environment"),
             py::arg("hooks"), "The merged tree of one platform's image.");
}

}  // namespace accel::bindings
