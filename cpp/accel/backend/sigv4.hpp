/// AWS Signature Version 4 in the Authorization field, as S3 wants it.
#pragma once

#include <string>

#include "accel/backend/config.hpp"
#include "accel/backend/signer.hpp"

namespace accel::backend {

/// Signs all fields that the request has, and Host. Small bodies, and all that go over plain HTTP, are signed too; of
/// larger ones TLS already protects the bytes, and hashing them twice would buy nothing (UNSIGNED-PAYLOAD).
class SigV4Signer final : public Signer {
 public:
  SigV4Signer(Credentials credentials, std::string region);
  void sign(net::Request& request, std::string_view resource, std::chrono::system_clock::time_point now) const override;

 private:
  Credentials credentials_;
  std::string region_;
};

}  // namespace accel::backend
