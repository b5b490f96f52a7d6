/// Blobs of the local store for tests.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "accel/base/clock.hpp"
#include "accel/io/memory.hpp"
#include "accel/store/local_store.hpp"
#include "support/blob_content.hpp"
#include "support/temp_directory.hpp"

namespace accel::testing {

/// A clock that tests set. Waiting is no wait.
class SetClock final : public Clock {
 public:
  [[nodiscard]] std::chrono::steady_clock::time_point now() const override { return steady_; }
  [[nodiscard]] std::chrono::system_clock::time_point date() const override { return date_.load(); }
  void sleep(std::chrono::milliseconds /*duration*/, const CancelToken& cancel) override { cancel.check(); }

  void set_date(std::chrono::system_clock::time_point date) { date_ = date; }

 private:
  const std::chrono::steady_clock::time_point steady_ = std::chrono::steady_clock::now();
  std::atomic<std::chrono::system_clock::time_point> date_{std::chrono::system_clock::now()};
};

/// Where the store has its file for a blob.
inline std::string blob_file(const oci::Digest& digest) { return "blobs/sha256/" + digest.hex(); }

/// Writes a blob of `size` bytes that only `seed` decides, and lets it go.
inline oci::Descriptor put_blob(store::LocalStore& store, std::size_t size, unsigned seed) {
  const Bytes content = make_content(size, seed);
  const auto blob = describe_blob(content);
  const auto writer = store.create_blob({});
  writer->write(content);
  writer->commit(blob.digest, blob.size);
  return blob;
}

/// Reads a blob to its end, which verifies it.
inline void use_blob(store::LocalStore& store, const oci::Descriptor& blob) {
  const auto stream = store.open_blob(blob, {});
  read_to_end(*stream);
}

/// Regular files below a directory.
inline std::size_t files_below(const std::filesystem::path& path) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) count += entry.is_regular_file();
  return count;
}

}  // namespace accel::testing
