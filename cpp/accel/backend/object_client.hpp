/// The requests of an object store, signed and repeated where that helps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accel/backend/backend.hpp"
#include "accel/backend/object_store.hpp"
#include "accel/base/cancel.hpp"
#include "accel/net/http_client.hpp"
#include "accel/net/retry.hpp"

namespace accel::backend {

/// Thread-safe. Keys are whole: with the prefix. `subject` names the work in errors. All methods throw RegistryError
/// and its kin, Cancelled, and repeat what can pass.
class ObjectClient {
 public:
  ObjectClient(ObjectStore store, std::shared_ptr<net::HttpTransport> http, const Options& options);

  [[nodiscard]] const ObjectStore& store() const noexcept { return store_; }

  /// The object's size; nothing when there is none.
  std::optional<std::uint64_t> head(const std::string& key, std::string_view subject, const CancelToken& cancel);
  void put(const std::string& key, ByteView content, std::string_view subject, const CancelToken& cancel);
  /// Fills `out` from `offset` of the object, which has at least that many bytes.
  void get(const std::string& key, std::uint64_t offset, MutableByteView out, std::string_view subject,
           const CancelToken& cancel);
  /// Makes the object `to` of `from` in the store; at most `max_copy_bytes`.
  void copy(const std::string& from, const std::string& to, std::string_view subject, const CancelToken& cancel);
  /// Deletes the object; it may be gone already. With a `limit` there is one try that lasts at most so long.
  void remove(const std::string& key, std::string_view subject, std::chrono::milliseconds limit,
              const CancelToken& cancel);

  /// Begins a multipart upload; returns its id.
  std::string begin_upload(const std::string& key, std::string_view subject, const CancelToken& cancel);
  /// Sends part `number` (from 1); returns its entity tag.
  std::string upload_part(const std::string& key, const std::string& upload, std::size_t number, ByteView content,
                          std::string_view subject, const CancelToken& cancel);
  /// Makes part `number` of bytes `first` to `last` of the object `from`; returns its entity tag.
  std::string copy_part(const std::string& from, const std::string& key, const std::string& upload, std::size_t number,
                        std::uint64_t first, std::uint64_t last, std::string_view subject, const CancelToken& cancel);
  /// Makes the object of its parts, `tags` in order; it then has `size` bytes.
  void complete_upload(const std::string& key, const std::string& upload, const std::vector<std::string>& tags,
                       std::uint64_t size, std::string_view subject, const CancelToken& cancel);
  /// Drops an upload and its parts. One try that lasts at most `limit`.
  void abort_upload(const std::string& key, const std::string& upload, std::string_view subject,
                    std::chrono::milliseconds limit);

 private:
  struct Call {
    const char* method;
    std::string key, query;
    net::Headers headers;
    ByteView body;
    std::string_view subject;
    std::chrono::milliseconds limit{0};
  };
  /// The answer of a request that succeeded, its body read (unless a range went into the caller's buffer).
  struct Answer {
    net::Headers headers;
    std::string body;
  };

  net::Response send_once(const Call& call, std::initializer_list<int> accepted, const CancelToken& cancel);
  Answer send(const Call& call, std::initializer_list<int> accepted, const CancelToken& cancel);
  Answer send_document(const Call& call, std::string_view root, const CancelToken& cancel);
  Answer read_answer(const Call& call, net::Response response) const;
  void get_once(const Call& call, std::uint64_t offset, MutableByteView out, std::size_t& done,
                const CancelToken& cancel);
  net::Request make_request(const Call& call) const;
  net::Headers copy_source(const std::string& from) const;
  [[noreturn]] void fail_answer(const Call& call, const std::string& problem, int status) const;

  ObjectStore store_;
  std::shared_ptr<net::HttpTransport> http_;
  net::RetryPolicy policy_;
  net::RetryServices retry_;
  std::string user_agent_;
};

}  // namespace accel::backend
