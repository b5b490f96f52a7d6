#include "accel/backend/backend.hpp"

#include "accel/backend/config.hpp"
#include "accel/backend/localfs.hpp"
#include "accel/backend/object_backend.hpp"
#include "accel/base/error.hpp"

namespace accel::backend {

namespace {

std::shared_ptr<BlobBackend> make_bucket(ObjectStore store, const ObjectStoreConfig& config, bool force_push,
                                         const Options& options) {
  return make_object_backend(std::move(store), make_transport(config.tls, options), config.prefix, force_push, options);
}

}  // namespace

std::shared_ptr<BlobBackend> make_backend(std::string_view type, std::string_view config_json, bool force_push,
                                          const Options& options) {
  if (type == "s3") {
    const ObjectStoreConfig config = parse_s3_config(config_json, options.get_env);
    return make_bucket(make_s3_store(config), config, force_push, options);
  }
  if (type == "oss") {
    const ObjectStoreConfig config = parse_oss_config(config_json, options.get_env);
    return make_bucket(make_oss_store(config), config, force_push, options);
  }
  if (type == "localfs") return make_localfs_backend(parse_localfs_config(config_json), force_push);
  throw ConfigError("backend_type \"" + std::string(type.substr(0, 40)) + "\" is not known",
                    "known types: oss, s3, localfs");
}

}  // namespace accel::backend
