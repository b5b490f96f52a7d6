/// One upload at a registry: the protocol of POST, PATCH, PUT, GET and DELETE on /blobs/uploads/.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "accel/base/cancel.hpp"
#include "accel/hash/digest.hpp"
#include "accel/registry/place.hpp"

namespace accel::registry {

/// Used by one thread at a time; move-only. Destroying a session that was not committed deletes it at the registry, as
/// far as that works within half a second.
class UploadSession {
 public:
  /// Opens a session.
  static UploadSession start(const Place& place, const CancelToken& cancel);
  /// The session a refused mount left behind: `answer` is a 202.
  UploadSession(const Place& place, const Answer& answer);
  UploadSession(UploadSession&& other) noexcept;
  UploadSession& operator=(UploadSession&&) = delete;
  ~UploadSession();

  /// Sends `chunk`, the blob's bytes from `offset()`. An interrupted chunk goes on from where the registry says it is.
  /// Throws RegistryError with code "UPLOAD_LOST" when the registry does not know the session any more or has lost
  /// bytes that were confirmed, "CHUNK_REFUSED" when it will not take chunks of this size or at all.
  void send(ByteView chunk, const CancelToken& cancel);
  /// The other way: one request for the whole blob, written piece by piece. Begins with the first piece; nothing is
  /// kept, so a broken connection is "UPLOAD_LOST".
  void stream(ByteView piece, const CancelToken& cancel);
  /// Ends the streamed request. Call before `commit`.
  void end_stream();
  /// Ends the blob: the registry checks `digest`. `rest` is the blob's whole content when nothing was sent before,
  /// else empty. Throws DigestMismatch when the registry saw other bytes.
  void commit(const hash::Digest& digest, ByteView rest, const CancelToken& cancel);
  /// Bytes the registry has confirmed.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  /// The least size of a chunk that the registry takes, except for the last; 0 when it did not say.
  [[nodiscard]] std::uint64_t min_chunk_bytes() const noexcept { return min_chunk_bytes_; }

 private:
  void follow(const Answer& answer);
  [[nodiscard]] Call call(const char* method) const;
  std::size_t patch(ByteView chunk, std::size_t done, const CancelToken& cancel);
  std::size_t ask_progress(std::size_t chunk_size, const CancelToken& cancel);
  [[nodiscard]] std::size_t within_chunk(std::uint64_t confirmed, std::size_t chunk_size) const;
  [[noreturn]] void fail_lost(const std::string& reason) const;
  [[noreturn]] void fail_refused(const std::string& reason) const;

  Place place_;
  net::Url location_;
  std::uint64_t offset_ = 0;
  std::uint64_t min_chunk_bytes_ = 0;
  bool open_ = true;
  bool interrupted_ = false;  ///< a request broke; what the registry has of it is only known from the registry
  std::unique_ptr<net::RequestStream> stream_;
  net::Url stream_url_;
};

}  // namespace accel::registry
