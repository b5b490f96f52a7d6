#include "accel/crypt/layer_options.hpp"

#include <algorithm>
#include <optional>

#include "accel/base/error.hpp"
#include "accel/base/json.hpp"

namespace accel::crypt {

namespace {

constexpr json::Limits kLimits{.max_bytes = 64U << 10U, .max_depth = 4, .max_values = 100};
constexpr std::size_t kHmacBytes = 32;

Bytes base64_of(const json::Value& value) {
  Bytes bytes;
  if (!base64_decode(value.text(), bytes)) value.fail("is no base64");
  return bytes;
}

Bytes nonce_of(const json::Object& options) {
  const auto cipher_options = options.find("cipheroptions");
  if (!cipher_options) return {};
  const auto nonce = cipher_options->object().find("nonce");
  if (!nonce) return {};
  Bytes bytes = base64_of(*nonce);
  if (bytes.size() != LayerNonce().size()) nonce->fail("has " + std::to_string(bytes.size()) + " bytes instead of 16");
  return bytes;
}

}  // namespace

std::string to_json(const PublicOptions& options) {
  json::ObjectWriter writer;
  writer.add_text("cipher", options.cipher);
  writer.add_text("hmac", base64_encode(options.hmac));
  writer.add("cipheroptions", "{}");
  return writer.finish();
}

std::string to_json(const PrivateOptions& options) {
  json::ObjectWriter cipher_options;
  cipher_options.add_text("nonce", base64_encode(options.nonce));
  json::ObjectWriter writer;
  writer.add_text("symkey", base64_encode(options.secret));
  writer.add_text("digest", options.digest);
  writer.add("cipheroptions", cipher_options.finish());
  return writer.finish();
}

ParsedPublic parse_public_options(std::string_view text) {
  const json::Object object = json::parse(text, "public options of an encrypted layer", kLimits).object();
  ParsedPublic parsed;
  parsed.options.cipher = object.at("cipher").text();
  if (parsed.options.cipher != kLayerCipher) {
    throw UnsupportedError("encrypted layer: cipher \"" + parsed.options.cipher.substr(0, 80) + "\" is not known",
                           "known: " + std::string(kLayerCipher));
  }
  const json::Value hmac = object.at("hmac");
  parsed.options.hmac = base64_of(hmac);
  if (parsed.options.hmac.size() != kHmacBytes) hmac.fail("has not the 32 bytes of HMAC-SHA256");
  parsed.nonce = nonce_of(object);
  return parsed;
}

PrivateOptions parse_private_options(std::string_view text, ByteView nonce_of_public) {
  const json::Object object = json::parse(text, "private options of an encrypted layer", kLimits).object();
  PrivateOptions options;
  const json::Value symkey = object.at("symkey");
  const Bytes secret = base64_of(symkey);
  if (secret.size() != options.secret.size()) symkey.fail("has not the 32 bytes of an AES-256 key");
  std::copy(secret.begin(), secret.end(), options.secret.begin());
  if (const auto digest = object.find("digest")) options.digest = digest->text();
  const Bytes own = nonce_of(object);
  const ByteView nonce = nonce_of_public.empty() ? ByteView(own) : nonce_of_public;
  // Without one ocicrypt would make one up and decrypt to noise.
  if (nonce.empty()) throw FormatError("encrypted layer: neither the public nor the private options have a nonce");
  std::copy(nonce.begin(), nonce.end(), options.nonce.begin());
  return options;
}

}  // namespace accel::crypt
