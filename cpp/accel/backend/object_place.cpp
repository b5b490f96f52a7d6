#include "accel/backend/object_place.hpp"

#include <algorithm>
#include <future>
#include <utility>
#include <vector>

#include "accel/base/error.hpp"

namespace accel::backend {

namespace {

/// Parts of copies within the store: no bytes pass us, so large ones cost nothing.
constexpr std::uint64_t kCopyPart = 512ULL << 20U;

std::string place_name(const ObjectStore& store, const std::string& prefix) {
  return store.type + "://" + store.bucket + "/" + prefix;
}

}  // namespace

ObjectPlace::ObjectPlace(ObjectStore store, std::shared_ptr<net::HttpTransport> http, std::string prefix_of_keys,
                         bool force, const Options& options)
    : client(std::move(store), std::move(http), options),
      prefix(std::move(prefix_of_keys)),
      name(place_name(client.store(), prefix)),
      force_push(force),
      part_bytes(std::max<std::size_t>(options.part_bytes, 1)),
      max_copy_bytes(std::min(options.max_copy_bytes, client.store().max_copy_bytes)),
      log(options.log),
      in_flight(part_bytes * std::max<std::size_t>(options.parallel_parts, 1)),
      senders(std::max<std::size_t>(options.parallel_parts, 1)) {}

bool ObjectPlace::has_blob(const hash::Digest& digest, std::uint64_t size, const CancelToken& cancel) {
  if (force_push) return false;
  return client.head(key(digest), "blob " + digest.short_string() + " in " + name, cancel) == size;
}

void ObjectPlace::copy(const std::string& from, const std::string& to, std::uint64_t size, std::string_view subject,
                       const CancelToken& cancel) {
  if (size <= max_copy_bytes) {
    client.copy(from, to, subject, cancel);
  } else {
    copy_in_parts(from, to, size, subject, cancel);
  }
}

void ObjectPlace::copy_in_parts(const std::string& from, const std::string& to, std::uint64_t size,
                                std::string_view subject, const CancelToken& cancel) {
  const std::uint64_t part = std::min(kCopyPart, max_copy_bytes);
  const std::string upload = client.begin_upload(to, subject, cancel);
  CancelSource parts_cancel(cancel);
  std::vector<std::future<std::string>> parts;
  try {
    std::vector<std::string> tags;
    for (std::uint64_t first = 0; first < size; first += part) {
      const std::uint64_t last = std::min(first + part, size) - 1;
      parts.push_back(senders.submit([&, number = parts.size() + 1, first, last] {
        return client.copy_part(from, to, upload, number, first, last, subject, parts_cancel.token());
      }));
    }
    for (auto& one : parts) tags.push_back(one.get());
    client.complete_upload(to, upload, tags, size, subject, cancel);
  } catch (...) {
    parts_cancel.cancel();
    for (auto& one : parts) {
      if (one.valid()) one.wait();
    }
    try {
      client.abort_upload(to, upload, subject, clean_up_limit(cancel));
    } catch (const std::exception& error) {
      log->warning("multipart upload not aborted", {{"place", name}, {"because", error.what()}});
    }
    throw;
  }
}

std::chrono::milliseconds clean_up_limit(const CancelToken& cancel) {
  return cancel.cancelled() ? std::chrono::milliseconds(500) : std::chrono::milliseconds(10'000);
}

}  // namespace accel::backend
