/// What is different between the object stores that speak the S3 kind of REST: names, addresses, signatures.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "accel/backend/config.hpp"
#include "accel/backend/signer.hpp"
#include "accel/net/url.hpp"

namespace accel::backend {

/// A bucket of a store. Value type; copies share the signer.
struct ObjectStore {
  std::string type;           ///< "s3", "oss"
  std::string header_prefix;  ///< of the store's own fields: "x-amz-"
  net::Url root;              ///< of the bucket; its path ends with '/'
  std::string bucket;
  std::uint64_t max_copy_bytes = 0;  ///< what one CopyObject takes
  std::string permissions;           ///< what writing needs, for hints
  std::shared_ptr<const Signer> signer;

  /// The address of an object; `query` is encoded already.
  [[nodiscard]] net::Url url(std::string_view key, std::string query = {}) const;
  /// "/bucket/key": what signatures and copies name.
  [[nodiscard]] std::string resource(std::string_view key) const;
};

/// An object's key in a path: everything but unreserved characters and '/' is percent-encoded.
std::string encode_key(std::string_view key);

/// Amazon S3 and what speaks like it. Without an endpoint: AWS's own for the region. AWS hosts get the bucket in the
/// host's name (virtual-host style), unless it has dots, which their certificates do not cover; all others in the path,
/// unless the endpoint begins with the bucket's name itself.
ObjectStore make_s3_store(const ObjectStoreConfig& config);

/// Alibaba Cloud OSS: the bucket is in the host's name, for addresses and local names in the path.
ObjectStore make_oss_store(const ObjectStoreConfig& config);

}  // namespace accel::backend
