/// The backends "s3" and "oss".
#pragma once

#include <memory>

#include "accel/backend/backend.hpp"
#include "accel/backend/config.hpp"
#include "accel/backend/object_store.hpp"
#include "accel/net/http_client.hpp"

namespace accel::backend {

/// A backend over a bucket that is reached through `http`.
std::shared_ptr<BlobBackend> make_object_backend(ObjectStore store, std::shared_ptr<net::HttpTransport> http,
                                                 const std::string& prefix, bool force_push, const Options& options);

/// An HTTP client for the bucket: proxies of the environment, TLS settings of the configuration.
std::shared_ptr<net::HttpTransport> make_transport(const net::TlsOptions& tls, const Options& options);

}  // namespace accel::backend
