/// What all writers and readers of an object store backend share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "accel/backend/object_client.hpp"
#include "accel/base/log.hpp"
#include "accel/base/memory_budget.hpp"
#include "accel/base/thread_pool.hpp"
#include "accel/hash/digest.hpp"

namespace accel::backend {

/// Thread-safe. Outlives its writers and readers, which share it.
struct ObjectPlace {
  ObjectPlace(ObjectStore store, std::shared_ptr<net::HttpTransport> http, std::string prefix_of_keys, bool force,
              const Options& options);

  ObjectClient client;
  const std::string prefix;
  const std::string name;  ///< "s3://bucket/prefix"
  const bool force_push;
  const std::size_t part_bytes;
  const std::uint64_t max_copy_bytes;
  const std::shared_ptr<Logger> log;
  /// Bounds the parts that are under way. Never the ones that are being filled: a writer that waits for another one's
  /// bytes could wait for ever, while a part that is under way ends by itself.
  MemoryBudget in_flight;
  ThreadPool senders;  ///< last: its threads use the rest

  [[nodiscard]] std::string key(const hash::Digest& digest) const { return prefix + digest.hex(); }
  /// True when the blob is there with this size and is not to be sent regardless.
  bool has_blob(const hash::Digest& digest, std::uint64_t size, const CancelToken& cancel);
  /// Gives the object `from` of `size` bytes the key `to`, within the store.
  void copy(const std::string& from, const std::string& to, std::uint64_t size, std::string_view subject,
            const CancelToken& cancel);

 private:
  void copy_in_parts(const std::string& from, const std::string& to, std::uint64_t size, std::string_view subject,
                     const CancelToken& cancel);
};

/// How long clean-up may take: short when somebody waits for the end of a cancelled job.
std::chrono::milliseconds clean_up_limit(const CancelToken& cancel);

}  // namespace accel::backend
