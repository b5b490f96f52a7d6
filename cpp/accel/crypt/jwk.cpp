#include "accel/crypt/jwk.hpp"

#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/crypt/base64url.hpp"

namespace accel::crypt {

namespace {

using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, FreeWith<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, FreeWith<OSSL_PARAM_free>>;

constexpr std::size_t kMaxNumber = 2048;  // bytes: an RSA key of 16384 bits

struct Curve {
  std::string_view name, openssl;
  std::size_t coordinate;  ///< bytes
};
constexpr std::array<Curve, 3> kCurves = {
    {{"P-256", "prime256v1", 32}, {"P-384", "secp384r1", 48}, {"P-521", "secp521r1", 66}}};

/// Numbers that a parameter list refers to until the key is made.
class KeyBuilder {
 public:
  KeyBuilder() : builder_(OSSL_PARAM_BLD_new()) {
    if (!builder_) throw std::bad_alloc();
  }

  void add_number(const char* name, const json::Value& value) {
    const Bytes raw = base64url_of(value);
    if (raw.empty() || raw.size() > kMaxNumber) value.fail("is no number of a key");
    numbers_.emplace_back(BN_bin2bn(octets(raw), static_cast<int>(raw.size()), nullptr));
    if (!numbers_.back() || OSSL_PARAM_BLD_push_BN(builder_.get(), name, numbers_.back().get()) != 1) {
      throw_openssl_error("read a JSON Web Key");
    }
  }
  /// `value` must live until `build`.
  void add_text(const char* name, const char* value) {
    if (OSSL_PARAM_BLD_push_utf8_string(builder_.get(), name, value, 0) != 1)
      throw_openssl_error("read a JSON Web Key");
  }
  /// `value` must live until `build`.
  void add_octets(const char* name, const Bytes& value) {
    if (OSSL_PARAM_BLD_push_octet_string(builder_.get(), name, value.data(), value.size()) != 1) {
      throw_openssl_error("read a JSON Web Key");
    }
  }

  KeyPtr build(const char* type, bool is_private) {
    const Params params(OSSL_PARAM_BLD_to_param(builder_.get()));
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    if (!params || !context) throw_openssl_error("read a JSON Web Key");
    EVP_PKEY* key = nullptr;
    if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params.get()) !=
            1) {
      throw FormatError("JSON Web Key: its numbers make no " + std::string(type) + " key (" + last_openssl_error() +
                        ")");
    }
    return KeyPtr(key);
  }

 private:
  ParamBuilder builder_;
  std::vector<BignumPtr> numbers_;
};

KeyPtr rsa_key(const json::Object& object, bool is_private) {
  KeyBuilder builder;
  builder.add_number(OSSL_PKEY_PARAM_RSA_N, object.at("n"));
  builder.add_number(OSSL_PKEY_PARAM_RSA_E, object.at("e"));
  if (is_private) {
    builder.add_number(OSSL_PKEY_PARAM_RSA_D, object.at("d"));
    if (object.contains("p")) {
      constexpr std::array<std::pair<const char*, const char*>, 5> kFactors = {
          {{"p", OSSL_PKEY_PARAM_RSA_FACTOR1},
           {"q", OSSL_PKEY_PARAM_RSA_FACTOR2},
           {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1},
           {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2},
           {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1}}};
      for (const auto& [member, parameter] : kFactors) builder.add_number(parameter, object.at(member));
    }
  }
  return builder.build("RSA", is_private);
}

KeyPtr ec_key(const json::Object& object, bool is_private) {
  const json::Value crv = object.at("crv");
  const std::string name = crv.text();
  const auto curve = std::find_if(kCurves.begin(), kCurves.end(), [&](const Curve& one) { return one.name == name; });
  if (curve == kCurves.end()) {
    throw UnsupportedError("JSON Web Key: curve \"" + name.substr(0, 40) + "\" is not known",
                           "known curves: P-256, P-384, P-521");
  }
  Bytes point{std::byte{4}};  // uncompressed
  for (const char* member : {"x", "y"}) {
    const Bytes coordinate = base64url_of(object.at(member));
    if (coordinate.size() != curve->coordinate) object.at(member).fail("has not the length of its curve");
    point.insert(point.end(), coordinate.begin(), coordinate.end());
  }
  KeyBuilder builder;
  const std::string group(curve->openssl);
  builder.add_text(OSSL_PKEY_PARAM_GROUP_NAME, group.c_str());
  builder.add_octets(OSSL_PKEY_PARAM_PUB_KEY, point);
  if (is_private) builder.add_number(OSSL_PKEY_PARAM_PRIV_KEY, object.at("d"));
  return builder.build("EC", is_private);
}

Bytes coordinate_of(EVP_PKEY* key, const char* parameter, std::size_t size) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, parameter, &number) != 1) throw_openssl_error("write a JSON Web Key");
  const BignumPtr owner(number);
  Bytes bytes(size);
  if (BN_bn2binpad(number, out_octets(bytes), static_cast<int>(size)) < 0) throw_openssl_error("write a JSON Web Key");
  return bytes;
}

}  // namespace

Jwk parse_jwk(const json::Object& object) {
  Jwk jwk;
  jwk.is_private = object.contains("d");
  if (const auto alg = object.find("alg")) jwk.algorithm = alg->text();
  const std::string type = object.at("kty").text();
  if (type == "RSA") {
    jwk.key = rsa_key(object, jwk.is_private);
  } else if (type == "EC") {
    jwk.key = ec_key(object, jwk.is_private);
  } else {
    throw UnsupportedError("JSON Web Key: type \"" + type.substr(0, 40) + "\" is not known", "known types: RSA, EC");
  }
  return jwk;
}

std::string ec_public_jwk(EVP_PKEY* key) {
  std::array<char, 64> group{};
  if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size(), nullptr) != 1) {
    throw_openssl_error("write a JSON Web Key");
  }
  const auto curve =
      std::find_if(kCurves.begin(), kCurves.end(), [&](const Curve& one) { return one.openssl == group.data(); });
  if (curve == kCurves.end()) {
    throw UnsupportedError("curve " + std::string(group.data()) + " has no JSON Web Key",
                           "use a key on P-256, P-384 or P-521");
  }
  json::ObjectWriter writer;
  writer.add_text("kty", "EC");
  writer.add_text("crv", curve->name);
  writer.add_text("x", base64url_encode(coordinate_of(key, OSSL_PKEY_PARAM_EC_PUB_X, curve->coordinate)));
  writer.add_text("y", base64url_encode(coordinate_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, curve->coordinate)));
  return writer.finish();
}

}  // namespace accel::crypt
