/// What the facade (converter.hpp, copy.hpp, check.hpp, inspect.hpp) is asked and what it answers. Plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "accel/base/cancel.hpp"
#include "accel/base/clock.hpp"
#include "accel/base/log.hpp"
#include "accel/base/progress.hpp"
#include "accel/codec/codec.hpp"
#include "accel/formats/option_field.hpp"
#include "accel/oci/platform.hpp"
#include "accel/registry/options.hpp"

namespace accel::convert {

/// A storage backend as the driver options of the conversion name it whose layers went there (docs/backends.md).
struct BackendSettings {
  std::string type;    ///< option backend_type
  std::string config;  ///< option backend_config
};

/// What every job needs. Shared by all jobs of a process.
struct Environment {
  registry::Options registry;
  std::vector<BackendSettings> backends;  ///< where layers of images are looked for that their repositories lack
  std::size_t jobs = 0;                   ///< encoder threads; 0 = one per core
  std::size_t memory_bytes = 64U << 20U;  ///< of all chunks in flight, whatever the number of layers
  codec::DecodeLimits decode_limits;
  std::string temp_dir;   ///< "" = $TMPDIR, then /tmp
  std::string store_dir;  ///< of the local store (store/local_store.hpp), which keeps documents of caches; "": none
  std::shared_ptr<ProgressObserver> progress = std::make_shared<NullProgress>();
  std::shared_ptr<Logger> log = std::make_shared<NullLogger>();
  std::shared_ptr<Clock> clock = system_clock();
  CancelToken cancel;
};

/// One wanted format and where its image goes.
struct TargetRequest {
  std::string driver;  ///< format name
  formats::OptionValues options;
  std::string location;  ///< of the result
};

/// The image that remembers converted layers. Spec: service.md section 6.
struct CacheRequest {
  std::string location;        ///< "": there is none
  std::string version = "v1";  ///< records of another version are ignored
  std::size_t capacity = 200;  ///< records kept for each platform; 0: there is no cache
};

struct ConvertRequest {
  std::string source;
  std::vector<TargetRequest> targets;
  CacheRequest cache = {};
  std::vector<oci::Platform> platforms;  ///< empty = all
  bool docker_to_oci = false;
  bool verify = false;             ///< check each result against the source before its tag is written
  bool dry_run = false;            ///< plan only: nothing is written
  bool harbor_annotation = false;  ///< service.md section 13
  /// Called when all blobs and documents are stored, before the first tag is written. What it throws ends the
  /// conversion without a tag. Empty: nothing is asked.
  std::function<void()> before_publish = {};
};

struct LayerReport {
  std::string platform;  ///< "linux/amd64"
  std::string source_digest, target_digest;
  std::uint64_t source_size = 0, target_size = 0;
  bool cached = false;  ///< taken over without conversion: from the cache, or because it is of that format already
};

struct TargetReport {
  std::string driver, reference, digest, media_type;
  std::uint64_t size = 0;  ///< manifests, configs and layers of all wanted platforms
  std::vector<LayerReport> layers;
  std::vector<std::string> notes;
  bool skipped = false;  ///< dry run, or the source already is one
};

/// What a conversion had of its cache. Layers are counted once for each target.
struct CacheReport {
  std::string reference;  ///< "": there was no cache
  std::size_t hits = 0, misses = 0;
  std::size_t added = 0, dropped = 0;  ///< records
};

struct ConvertReport {
  std::string source_reference, source_digest;
  std::uint64_t source_size = 0;
  std::vector<TargetReport> targets;
  CacheReport cache;
  std::chrono::duration<double> total{}, pull{}, convert{}, push{};  ///< the last three: busy time, they overlap
  std::uint64_t bytes_read = 0, bytes_written = 0, bytes_uploaded = 0, bytes_mounted = 0;
};

struct CopyRequest {
  std::string source, target;
  bool all_platforms = true;  ///< false: only `platforms`, or this machine's when empty
  std::vector<oci::Platform> platforms;
  bool referrers = false;
  /// Private keys to decrypt encrypted layers with, as crypt::DecryptKeys::load reads them; none: they are copied as
  /// they are.
  std::vector<std::string> decrypt_keys = {};
  /// Recipients to encrypt layers for, as crypt::Recipients::load reads them.
  std::vector<std::string> encryption_keys = {};
  std::vector<int> encrypt_layers = {};  ///< which: 0 is the first, -1 the last; none: all
};

struct CopyReport {
  std::string digest, media_type;
  std::uint64_t bytes_read = 0, bytes_uploaded = 0, bytes_mounted = 0;
  std::uint64_t blobs_copied = 0, blobs_existing = 0, blobs_mounted = 0;
  std::chrono::duration<double> total{};
};

struct UnpackRequest {
  std::string source, target;
  std::vector<oci::Platform> platforms;  ///< empty = all
  codec::Compression compression = codec::Compression::gzip;
};

struct DictionaryRequest {
  std::vector<std::string> sources;
  std::string target, driver;
  formats::OptionValues options;         ///< of the driver, for images that must be converted first
  std::vector<oci::Platform> platforms;  ///< empty = all
};

/// One image whose chunks are in a dictionary.
struct DictionaryImage {
  std::string reference, digest, platform;  ///< digest: of its manifest
  bool converted = false;                   ///< on the way
};

struct DictionaryReport {
  std::string reference, digest, media_type;
  std::uint64_t size = 0;               ///< manifest, config and layers
  std::uint64_t blobs = 0;              ///< with chunks
  std::vector<DictionaryImage> images;  ///< each once
  std::vector<std::string> notes;
  std::uint64_t bytes_read = 0, bytes_uploaded = 0, bytes_mounted = 0;
  std::chrono::duration<double> total{};
};

/// One path (or config member) that is not the same in both images.
struct Difference {
  std::string platform, path, field, source, target;  ///< field: "type", "mode", "content", "only in source", …
};

struct CheckReport {
  std::string source_digest, target_digest;
  std::vector<Difference> differences;
  std::uint64_t files = 0;          ///< paths compared, over all platforms
  std::uint64_t content_bytes = 0;  ///< bytes hashed
  std::uint64_t blobs_verified = 0;
  std::vector<std::string> notes;  ///< e.g. platforms only the source has
  [[nodiscard]] bool equal() const { return differences.empty(); }
};

}  // namespace accel::convert
