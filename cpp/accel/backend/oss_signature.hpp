/// The signature of Alibaba Cloud's Object Storage Service, version 1, in the Authorization field.
#pragma once

#include "accel/backend/config.hpp"
#include "accel/backend/signer.hpp"

namespace accel::backend {

/// HMAC-SHA1 over method, Content-MD5, Content-Type, Date, the x-oss- fields and the resource. Of query parameters only
/// those of multipart uploads are signed: no others are used here.
class OssSigner final : public Signer {
 public:
  explicit OssSigner(Credentials credentials);
  void sign(net::Request& request, std::string_view resource, std::chrono::system_clock::time_point now) const override;

 private:
  Credentials credentials_;
};

}  // namespace accel::backend
