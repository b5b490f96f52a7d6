/// An object store in memory that speaks the S3 and OSS kind of REST and does what it is told to: the faults a real one
/// will not produce on request. Signatures are not checked here; real_store_test and oss_store_test do that.
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

class ObjectServer {
 public:
  ObjectServer();

  /// One fault: what happens to the next `times` requests with that method whose target contains `part`.
  struct Fault {
    std::string method, part;
    HttpReply reply;
    int times = 1;
    std::optional<std::size_t> body_limit = std::nullopt;  ///< read only so much of the request's body before answering
    bool act = false;                                      ///< do what was asked as well; only the answer goes wrong
  };
  void script(Fault fault);
  /// Forgets the faults that have not happened.
  void behave();
  /// An answer as stores give it when they refuse.
  static HttpReply refusal(int status, const std::string& code);

  [[nodiscard]] std::string host() const { return server_->host(); }
  /// Contents by "/bucket/key".
  [[nodiscard]] std::map<std::string, std::string> objects() const;
  void put(const std::string& path, const std::string& content);
  /// Multipart uploads that are open.
  [[nodiscard]] std::size_t uploads() const;
  /// All requests so far, bodies left out.
  [[nodiscard]] std::vector<HttpRequest> requests() const;
  /// How many of them had this method and a target with `part`.
  [[nodiscard]] int count(const std::string& method, const std::string& part) const;
  /// The largest number of part uploads that were answered at the same time.
  [[nodiscard]] int most_parts_at_once() const;

 private:
  struct Upload {
    std::string path;
    std::map<int, std::string> parts;
  };

  HttpReply handle(const HttpRequest& request);
  std::optional<std::size_t> body_limit(const HttpRequest& request);
  HttpReply serve(const HttpRequest& request);
  HttpReply serve_object(const HttpRequest& request);
  HttpReply serve_upload(const HttpRequest& request);
  HttpReply complete(const HttpRequest& request, Upload& upload);
  /// The content that a copy-source field names, nothing when there is none.
  std::optional<std::string> source(const HttpRequest& request) const;

  mutable std::mutex mutex_;
  std::list<Fault> faults_;
  std::vector<HttpRequest> requests_;
  std::map<std::string, std::string> objects_;
  std::map<std::string, Upload> uploads_;
  int next_upload_ = 1;
  int parts_now_ = 0, parts_most_ = 0;
  std::unique_ptr<HttpServer> server_;  ///< last: its threads use the rest
};

}  // namespace accel::testing
