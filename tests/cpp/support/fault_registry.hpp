/// A registry in memory that does what it is told to: the faults a real registry will not produce on request.
/// Everything that is not scripted behaves as the OCI distribution spec wants.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "support/http_server.hpp"

namespace accel::testing {

class FaultRegistry {
 public:
  struct Behaviour {
    bool referrers_api = false;
    bool chunked_uploads = true;  ///< false: PATCH with Content-Range is refused with 400
    std::string other_location =
        {};                      ///< prefix of Location in upload answers: "http://127.0.0.1:port" of another server
    bool ignore_ranges = false;  ///< of downloads
    std::string blob_redirect = {};  ///< prefix of where blob GETs are redirected to; "" = served here
  };
  FaultRegistry() : FaultRegistry(Behaviour{}) {}
  explicit FaultRegistry(Behaviour behaviour);

  /// One fault: what happens to the next `times` requests with that method whose target contains `part`.
  struct Fault {
    std::string method, part;
    HttpReply reply;
    int times = 1;
    std::optional<std::size_t> body_limit = std::nullopt;  ///< read only so much of the request's body before answering
    bool keep_partial = false;                             ///< of a PATCH: the session keeps what was read
    bool act = false;                                      ///< do what was asked as well; only the answer goes wrong
    /// Changes the answer that would have been given, instead of `reply`.
    std::function<void(const HttpRequest&, HttpReply&)> alter = {};
  };
  void script(Fault fault);

  void put_blob(const std::string& digest, const std::string& content);
  void put_manifest(const std::string& reference, const std::string& media_type, const std::string& content);
  /// The blob's content, "" when absent.
  [[nodiscard]] std::string blob(const std::string& digest) const;

  [[nodiscard]] std::string host() const { return server_->host(); }
  [[nodiscard]] std::string url(const std::string& target) const { return server_->url(target); }
  [[nodiscard]] int connections() const { return server_->connections(); }
  /// All requests so far, bodies left out.
  [[nodiscard]] std::vector<HttpRequest> requests() const;
  /// How many of them had this method and a target with `part`.
  [[nodiscard]] int count(const std::string& method, const std::string& part) const;
  /// Upload sessions that are open.
  [[nodiscard]] std::size_t sessions() const;

 private:
  struct Document {
    std::string media_type, content;
  };

  HttpReply handle(const HttpRequest& request);
  std::optional<std::size_t> body_limit(const HttpRequest& request);
  HttpReply serve(const HttpRequest& request);
  HttpReply serve_blob(const HttpRequest& request, const std::string& digest);
  HttpReply serve_manifest(const HttpRequest& request, const std::string& reference);
  HttpReply serve_upload(const HttpRequest& request, const std::string& id);
  HttpReply start_upload(const HttpRequest& request);
  HttpReply session_reply(int status, const std::string& id) const;
  HttpReply error(int status, const std::string& code) const;

  Behaviour behaviour_;
  mutable std::mutex mutex_;
  std::list<Fault> faults_;
  std::vector<HttpRequest> requests_;
  std::map<std::string, std::string> blobs_, sessions_;
  std::map<std::string, Document> manifests_;
  std::vector<std::string> tags_;
  int next_session_ = 1;
  std::unique_ptr<HttpServer> server_;  ///< last: its threads use the rest
};

}  // namespace accel::testing
