/// How requests to one host are authorised: Bearer tokens, Basic, or not at all.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "accel/base/cancel.hpp"
#include "accel/base/clock.hpp"
#include "accel/net/http_client.hpp"
#include "accel/registry/challenge.hpp"
#include "accel/registry/credentials.hpp"
#include "accel/registry/exclusive.hpp"
#include "accel/registry/scope.hpp"

namespace accel::registry {

/// Thread-safe. Tokens are kept per scope until shortly before they expire; one thread at a time fetches, the others
/// wait for its result. Spec: service.md section 12; distribution's token specification.
class Authenticator {
 public:
  struct Services {
    std::shared_ptr<net::HttpTransport> http;
    std::shared_ptr<const CredentialStore> credentials;
    std::shared_ptr<Clock> clock;
    std::string user_agent;
  };
  Authenticator(std::string host, Services services);

  /// The Authorization value for a request that needs `scopes`; "" while the host has not asked for any.
  std::string authorization(const Scopes& scopes, const CancelToken& cancel);

  /// User and password as a Basic Authorization value; "" when there are none.
  [[nodiscard]] std::string basic(const CancelToken& cancel) const;

  /// After a 401 that carried `challenges` to a request sent with `rejected` ("" = none): what to send instead, ""
  /// when there is nothing else to try. `api_is_https`: credentials then never go to a token server over plain HTTP.
  /// Throws what the token server's failure means.
  std::string renew(const std::vector<Challenge>& challenges, const Scopes& scopes, const std::string& rejected,
                    bool api_is_https, const CancelToken& cancel);

  /// "bearer", "basic", or "" as long as the host has not asked. For reports.
  [[nodiscard]] std::string scheme();
  /// True when credentials are used. For reports.
  [[nodiscard]] bool has_credentials(const CancelToken& cancel) const;

 private:
  struct Token {
    Scopes scopes;
    std::string value;
    std::chrono::steady_clock::time_point expires;
  };
  [[nodiscard]] const Token* find(const Scopes& scopes) const;
  std::string fetch(const Scopes& scopes, const CancelToken& cancel);
  net::Response ask_token_server(const Credentials& credentials, const Scopes& scopes, const CancelToken& cancel);

  const std::string host_;
  const Services services_;
  Exclusive exclusive_;  ///< held while fetching; guards what follows
  std::optional<Challenge> challenge_;
  bool api_is_https_ = true;
  std::string basic_;
  std::vector<Token> tokens_;
};

}  // namespace accel::registry
