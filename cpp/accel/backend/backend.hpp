/// Where layer blobs go that are not to stand in a registry: an object store or a directory.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "accel/base/cancel.hpp"
#include "accel/base/clock.hpp"
#include "accel/base/log.hpp"
#include "accel/hash/digest.hpp"
#include "accel/io/source.hpp"
#include "accel/net/proxy.hpp"
#include "accel/oci/repository.hpp"

namespace accel::backend {

/// Holds blobs under the hex digits of their digests. Thread-safe: several blobs may be read and written at a time.
/// Methods block; all throw Cancelled when the token is, RegistryError (object stores) or StoreError (directories) when
/// the place fails.
class BlobBackend {
 public:
  virtual ~BlobBackend() = default;

  /// The place in words, for messages: "s3://bucket/prefix", "oss://bucket/prefix", "localfs:/dir".
  [[nodiscard]] virtual std::string name() const = 0;

  /// The size of the blob that is there under this digest; nothing when there is none.
  virtual std::optional<std::uint64_t> stat_blob(const hash::Digest& digest, const CancelToken& cancel) = 0;

  /// True when the blob need not be sent: it is there with this size, and `force_push` is off. Whoever knows the digest
  /// beforehand asks this; a writer asks it by itself before it gives the blob its name.
  virtual bool has_blob(const hash::Digest& digest, std::uint64_t size, const CancelToken& cancel) = 0;

  /// Begins a new blob, whose name is only known at its `commit`. `size_hint` may be 0. A writer that is destroyed
  /// before its commit leaves nothing behind, as far as the place can be reached.
  virtual std::unique_ptr<oci::BlobWriter> create_blob(std::uint64_t size_hint, const CancelToken& cancel) = 0;

  /// Random access to a blob of that size. Ranges are not verified: the caller checks what it reads. A blob that is not
  /// there is NotFound (object stores: at the first read) or StoreError.
  virtual std::unique_ptr<io::ByteSource> blob_source(const hash::Digest& digest, std::uint64_t size,
                                                      const CancelToken& cancel) = 0;
};

/// How backends work, besides their own configuration.
struct Options {
  std::chrono::milliseconds connect_timeout{15'000};
  std::chrono::milliseconds response_timeout{60'000};  ///< from the end of a request to its answer's headers
  std::chrono::milliseconds idle_timeout{60'000};      ///< without any byte moving in a body
  int max_attempts = 6;                                ///< of one request, the first included
  std::chrono::milliseconds backoff_base{250};         ///< doubled at each try, with jitter, at most 30 s
  std::size_t max_connections = 8;                     ///< per host
  /// Bytes of the first parts of a large blob (docs/backends.md). A blob that fits into one is one request.
  std::size_t part_bytes = 8U << 20U;
  std::size_t parallel_parts = 4;              ///< parts under way at a time, over all blobs of the backend
  std::uint64_t max_copy_bytes = 5ULL << 30U;  ///< larger objects are renamed in parts: what S3 and OSS copy at once
  std::string user_agent = "acceleration-service/" ACCEL_VERSION;
  net::GetEnv get_env = net::process_env;  ///< where credentials are looked for that the configuration lacks
  std::shared_ptr<Clock> clock = system_clock();
  std::shared_ptr<Logger> log = std::make_shared<NullLogger>();
};

/// The backend that the driver options `backend_type` ("oss", "s3" or "localfs"), `backend_config` (a JSON object) and
/// `backend_force_push` describe. Opens no connection. Throws ConfigError naming the option or the key at fault; values
/// of keys that hold secrets are in no message.
/// Spec: service.md section 5; the keys are in docs/backends.md.
std::shared_ptr<BlobBackend> make_backend(std::string_view type, std::string_view config_json, bool force_push,
                                          const Options& options = {});

}  // namespace accel::backend
