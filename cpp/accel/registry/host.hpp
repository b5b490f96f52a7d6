/// One registry host: its address, its authorisation, and requests to it.
#pragma once

#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "accel/base/cancel.hpp"
#include "accel/base/log.hpp"
#include "accel/net/connector.hpp"
#include "accel/net/http_client.hpp"
#include "accel/net/retry.hpp"
#include "accel/registry/auth.hpp"
#include "accel/registry/capabilities.hpp"
#include "accel/registry/exclusive.hpp"
#include "accel/registry/options.hpp"
#include "accel/registry/scope.hpp"

namespace accel::registry {

/// What all hosts of a client share.
struct Services {
  Options options;
  std::shared_ptr<net::Connector> connector;
  std::shared_ptr<net::HttpTransport> http;
  std::shared_ptr<const CredentialStore> credentials;
  net::RetryServices retry;
  std::shared_ptr<Logger> log;
};

/// What a request shows for who we are.
enum class Proof : unsigned char {
  asked_for,  ///< what the registry's API asks for: a token, user and password, or nothing
  password,   ///< user and password, if there are any, unasked
  none
};

/// One request to a registry.
struct Call {
  std::string method = "GET";
  std::string path;             ///< below the host's root: "/v2/app/tags/list?n=1000"
  std::optional<net::Url> url;  ///< instead of `path`: where an earlier answer pointed to, on any host
  net::Headers headers;
  ByteView body;
  Scopes scopes;
  Proof proof = Proof::asked_for;
  std::string subject;  ///< for errors: "manifest latest of app"
  std::string absent;   ///< hint for a 404; "" = check the name of the repository
  net::Hold hold = net::Hold::brief;
  std::chrono::milliseconds limit{0};  ///< as in net::Request
};

/// An answer and the URL that gave it, after redirects.
struct Answer : net::Response {
  net::Url url;
};

/// Thread-safe.
class Host {
 public:
  /// `name` as it stands in references. `max_attempts` of one request.
  Host(std::string name, std::shared_ptr<const Services> services, int max_attempts);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const Services& services() const noexcept { return *services_; }
  [[nodiscard]] const net::RetryPolicy& retry_policy() const noexcept { return policy_; }
  [[nodiscard]] Authenticator& auth() noexcept { return auth_; }

  /// The URL of the host's root. The first call for a loopback host without `plain_http` setting finds out whether
  /// TLS is answered there; where it has no port and nobody listens on 443, it is asked on port 80.
  net::Url root(const CancelToken& cancel);
  /// The root as name and settings say, without a look at the host.
  [[nodiscard]] net::Url configured_root() const;

  /// Sends the call once, with authorisation and following redirects. Returns an answer with a status of `accepted`;
  /// throws what any other means.
  Answer send_once(const Call& call, std::initializer_list<int> accepted, const CancelToken& cancel);
  /// The same with retries.
  Answer send(const Call& call, std::initializer_list<int> accepted, const CancelToken& cancel);

  /// Begins a request whose body is written piece by piece; no retries. The token is renewed beforehand if it is about
  /// to expire, as a 401 in the middle could not be answered.
  std::unique_ptr<net::RequestStream> begin(const Call& call, const CancelToken& cancel);
  /// Throws what `response` to `call`, whose status was not expected, means.
  [[noreturn]] void fail(const Call& call, const net::Url& url, net::Response& response) const;

  /// What was found out about the host while working with it.
  [[nodiscard]] Capabilities& capabilities() noexcept { return capabilities_; }

  /// Held while a fallback tag of the referrers is read, changed and written.
  Exclusive& referrers() noexcept { return referrers_; }

 private:
  [[nodiscard]] std::optional<bool> plain_http_setting() const;
  [[nodiscard]] bool answers_tls(const net::Url& url, const CancelToken& cancel) const;
  [[nodiscard]] net::Request make_request(const Call& call, const CancelToken& cancel);
  net::Response send_authorized(const Call& call, net::Request& request, const CancelToken& cancel);

  const std::string name_;
  const std::shared_ptr<const Services> services_;
  net::RetryPolicy policy_;
  Authenticator auth_;
  std::mutex mutex_;
  std::optional<net::Url> root_;
  Capabilities capabilities_;
  Exclusive referrers_;
};

}  // namespace accel::registry
