/// The JSON text of `backend_config` as values.
#pragma once

#include <string>
#include <string_view>

#include "accel/net/proxy.hpp"
#include "accel/net/tls.hpp"

namespace accel::backend {

/// Who signs requests.
struct Credentials {
  std::string key_id, secret;
  std::string session_token;  ///< of temporary credentials; "" = none
};

/// An object store's bucket and how to reach it.
struct ObjectStoreConfig {
  std::string scheme;    ///< "https" or "http"
  std::string endpoint;  ///< host or host:port, without scheme; "" = the store's own for its region (S3 only)
  std::string region;    ///< S3 only
  std::string bucket;
  std::string prefix;  ///< goes before the blob's hex digits as it is
  Credentials credentials;
  net::TlsOptions tls;
};

struct LocalfsConfig {
  std::string dir;
};

/// Parse the configurations of the three types. Throw ConfigError naming the key that is unknown, missing, of another
/// type or has a value that cannot be meant; the values themselves are in no message when they may be secret.
ObjectStoreConfig parse_s3_config(std::string_view json, const net::GetEnv& get_env);
ObjectStoreConfig parse_oss_config(std::string_view json, const net::GetEnv& get_env);
LocalfsConfig parse_localfs_config(std::string_view json);

}  // namespace accel::backend
