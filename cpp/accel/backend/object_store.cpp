#include "accel/backend/object_store.hpp"

#include <algorithm>
#include <utility>

#include "accel/backend/oss_signature.hpp"
#include "accel/backend/sigv4.hpp"
#include "accel/base/error.hpp"

namespace accel::backend {

namespace {

/// Puts the bucket before the endpoint's host or into the path. The endpoint has been parsed before.
net::Url bucket_root(const ObjectStoreConfig& config, const std::string& endpoint, bool in_host) {
  const bool named = endpoint.starts_with(config.bucket + ".");
  std::string text = config.scheme + "://" + (in_host && !named ? config.bucket + "." : "") + endpoint;
  text += in_host || named ? "/" : "/" + config.bucket + "/";
  auto url = net::Url::parse(text);
  if (!url) throw ConfigError("backend_config: endpoint and bucket_name make no address");
  return *std::move(url);
}

bool is_aws(std::string_view host) { return host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn"); }

bool is_address(std::string_view host) {
  return host.find(':') != std::string_view::npos ||
         std::all_of(host.begin(), host.end(), [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

}  // namespace

std::string encode_key(std::string_view key) {
  std::string text;
  for (;;) {
    const std::size_t slash = std::min(key.find('/'), key.size());
    text += net::percent_encode(key.substr(0, slash));
    if (slash == key.size()) return text;
    text += '/';
    key.remove_prefix(slash + 1);
  }
}

net::Url ObjectStore::url(std::string_view key, std::string query) const {
  net::Url url = root;
  url.path += encode_key(key);
  url.query = std::move(query);
  return url;
}

std::string ObjectStore::resource(std::string_view key) const { return "/" + bucket + "/" + std::string(key); }

ObjectStore make_s3_store(const ObjectStoreConfig& config) {
  ObjectStore store;
  store.type = "s3";
  store.header_prefix = "x-amz-";
  store.bucket = config.bucket;
  store.max_copy_bytes = 5ULL << 30U;
  store.permissions = "s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload and s3:ListBucket";
  std::string endpoint = config.endpoint;
  // The global name answers for one region only and sends the others elsewhere.
  if (endpoint.empty() || endpoint == "s3.amazonaws.com") {
    endpoint = "s3." + config.region + ".amazonaws.com" + (config.region.starts_with("cn-") ? ".cn" : "");
  }
  const bool in_host = is_aws(endpoint) && config.bucket.find('.') == std::string::npos;
  store.root = bucket_root(config, endpoint, in_host);
  store.signer = std::make_shared<SigV4Signer>(config.credentials, config.region);
  return store;
}

ObjectStore make_oss_store(const ObjectStoreConfig& config) {
  ObjectStore store;
  store.type = "oss";
  store.header_prefix = "x-oss-";
  store.bucket = config.bucket;
  store.max_copy_bytes = 1ULL << 30U;
  store.permissions = "oss:GetObject, oss:PutObject, oss:DeleteObject and oss:AbortMultipartUpload";
  const auto endpoint = net::Url::parse(config.scheme + "://" + config.endpoint);
  const bool in_path = !endpoint || is_address(endpoint->host) || net::is_loopback(endpoint->host);
  store.root = bucket_root(config, config.endpoint, !in_path);
  store.signer = std::make_shared<OssSigner>(config.credentials);
  return store;
}

}  // namespace accel::backend
