#include "accel/crypt/pkcs7.hpp"

#include <openssl/asn1t.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "accel/base/error.hpp"
#include "accel/crypt/random.hpp"

namespace accel::crypt {

namespace {

constexpr std::size_t kNonce = 12, kTag = 16;
constexpr std::size_t kMaxPacket = 1U << 20U;

/// GCMParameters (RFC 5084 section 3.2): SEQUENCE { OCTET STRING of 12 bytes, INTEGER 16 }.
///
/// QUIRK: the library that ocicrypt uses (fullsailor/pkcs7 and its successors) tags the nonce [4] instead of OCTET
/// STRING and puts all into a second SEQUENCE, which lacks the bit that says "constructed" (0x10 for 0x30). It reads no
/// other form. We write its form, with the bit, and read that of the standard as well.
constexpr std::array<unsigned char, 2> kGcmHead = {0x30, 0x11};
constexpr std::array<unsigned char, 2> kOuterHead = {0x30, 0x13};
constexpr std::array<unsigned char, 2> kNonceHead = {0x84, 0x0c};
constexpr std::array<unsigned char, 2> kStandardNonceHead = {0x04, 0x0c};
constexpr std::array<unsigned char, 3> kGcmTail = {0x02, 0x01, 0x10};
constexpr std::size_t kGcmParameters = kGcmHead.size() + kNonceHead.size() + kNonce + kGcmTail.size();

/// Sets the bit of the quirk where it is missing, so that OpenSSL takes the packet. The pattern is an algorithm's name
/// with what follows it, 15 bytes that occur nowhere else by chance.
Bytes with_constructed_parameters(ByteView packet) {
  constexpr std::array<unsigned char, 10> kAes = {0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01};
  Bytes fixed = to_bytes(packet);
  const auto* const first = octets(packet);
  const auto* const end = first + packet.size();
  const auto* at = std::search(first, end, kAes.begin(), kAes.end());
  constexpr std::size_t kTagAt = kAes.size() + 1;  // one more byte of the name: mode and size of the key
  if (static_cast<std::size_t>(end - at) > kTagAt + 1 + kGcmHead.size() && at[kTagAt] == 0x10 &&
      at[kTagAt + 1] == kOuterHead[1] && std::equal(kGcmHead.begin(), kGcmHead.end(), at + kTagAt + 2)) {
    fixed[static_cast<std::size_t>(at - first) + kTagAt] = std::byte{0x30};
  }
  return fixed;
}

struct Algorithm {
  int nid;
  const EVP_CIPHER* (*cipher)();
  bool gcm;
};
const std::array<Algorithm, 6> kAlgorithms = {{{NID_aes_128_gcm, &EVP_aes_128_gcm, true},
                                               {NID_aes_192_gcm, &EVP_aes_192_gcm, true},
                                               {NID_aes_256_gcm, &EVP_aes_256_gcm, true},
                                               {NID_aes_128_cbc, &EVP_aes_128_cbc, false},
                                               {NID_aes_192_cbc, &EVP_aes_192_cbc, false},
                                               {NID_aes_256_cbc, &EVP_aes_256_cbc, false}}};

const Algorithm& find_algorithm(const X509_ALGOR* identifier) {
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, nullptr, nullptr, identifier);
  const int nid = OBJ_obj2nid(object);
  for (const Algorithm& one : kAlgorithms) {
    if (one.nid == nid) return one;
  }
  std::array<char, 80> name{};
  OBJ_obj2txt(name.data(), static_cast<int>(name.size()), object, 0);
  throw UnsupportedError("PKCS #7: content cipher " + std::string(name.data()) + " is not known",
                         "known: AES in modes GCM and CBC");
}

/// One RSA operation with PKCS #1 padding; nothing when it fails.
std::optional<Bytes> rsa_pkcs1(EVP_PKEY* key, ByteView in, bool encrypt) {
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  const int started = !context  ? 0
                      : encrypt ? EVP_PKEY_encrypt_init(context.get())
                                : EVP_PKEY_decrypt_init(context.get());
  if (started != 1 || EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) != 1) {
    throw_openssl_error("use an RSA key");
  }
  const auto run = encrypt ? &EVP_PKEY_encrypt : &EVP_PKEY_decrypt;
  std::size_t size = 0;
  Bytes out;
  if (run(context.get(), nullptr, &size, octets(in), in.size()) == 1) {
    out.resize(size);
    if (run(context.get(), out_octets(out), &size, octets(in), in.size()) == 1) {
      out.resize(size);
      return out;
    }
  }
  last_openssl_error();
  return std::nullopt;
}

/// The nonce of GCM or the initialisation vector of CBC.
Bytes nonce_of(const X509_ALGOR* identifier, bool gcm) {
  int type = V_ASN1_UNDEF;
  const void* value = nullptr;
  X509_ALGOR_get0(nullptr, &type, &value, identifier);
  const auto* text = static_cast<const ASN1_STRING*>(value);
  if (gcm && type == V_ASN1_SEQUENCE) {
    ByteView raw = bytes_of(ASN1_STRING_get0_data(text), static_cast<std::size_t>(ASN1_STRING_length(text)));
    if (raw.size() == kOuterHead.size() + kGcmParameters) raw = raw.subspan(kOuterHead.size());
    const auto matches = [&](std::size_t at, auto wanted) {
      return std::equal(wanted.begin(), wanted.end(), octets(raw) + at);
    };
    constexpr std::size_t kAt = kGcmHead.size() + kNonceHead.size();
    if (raw.size() == kGcmParameters && matches(0, kGcmHead) && matches(kAt + kNonce, kGcmTail) &&
        (matches(kGcmHead.size(), kNonceHead) || matches(kGcmHead.size(), kStandardNonceHead))) {
      return to_bytes(raw.subspan(kAt, kNonce));
    }
  }
  if (!gcm && type == V_ASN1_OCTET_STRING && ASN1_STRING_length(text) == 16) {
    return to_bytes(bytes_of(ASN1_STRING_get0_data(text), 16));
  }
  throw FormatError("PKCS #7: the parameters of the content cipher are malformed");
}

std::optional<Bytes> decrypt_content(const Algorithm& algorithm, ByteView key, ByteView nonce, ByteView content) {
  const EVP_CIPHER* cipher = algorithm.cipher();
  if (key.size() != static_cast<std::size_t>(EVP_CIPHER_get_key_length(cipher))) return std::nullopt;
  Bytes tag;
  if (algorithm.gcm) {
    if (content.size() < kTag) throw FormatError("PKCS #7: the content is shorter than its tag");
    tag = to_bytes(content.last(kTag));
    content = content.first(content.size() - kTag);
  }
  const CipherContext context(EVP_CIPHER_CTX_new());
  if (!context) throw std::bad_alloc();
  Bytes plaintext(content.size() + 16);
  int body = 0;
  int end = 0;
  const bool good = EVP_DecryptInit_ex2(context.get(), cipher, octets(key), octets(nonce), nullptr) == 1 &&
                    EVP_DecryptUpdate(context.get(), out_octets(plaintext), &body, octets(content),
                                      static_cast<int>(content.size())) == 1 &&
                    (tag.empty() || EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTag),
                                                        tag.data()) == 1) &&
                    EVP_DecryptFinal_ex(context.get(), out_octets(plaintext) + body, &end) == 1;
  if (!good) {
    last_openssl_error();
    return std::nullopt;
  }
  plaintext.resize(static_cast<std::size_t>(body) + static_cast<std::size_t>(end));
  return plaintext;
}

Bytes encrypt_content(ByteView key, ByteView nonce, ByteView plaintext) {
  const CipherContext context(EVP_CIPHER_CTX_new());
  Bytes content(plaintext.size() + kTag);
  int written = 0;
  if (!context || EVP_EncryptInit_ex2(context.get(), EVP_aes_128_gcm(), octets(key), octets(nonce), nullptr) != 1 ||
      EVP_EncryptUpdate(context.get(), out_octets(content), &written, octets(plaintext),
                        static_cast<int>(plaintext.size())) != 1 ||
      EVP_EncryptFinal_ex(context.get(), nullptr, &written) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTag),
                          content.data() + plaintext.size()) != 1) {
    throw_openssl_error("encrypt with AES-128-GCM");
  }
  return content;
}

void set_octets(ASN1_OCTET_STRING* target, ByteView bytes) {
  if (ASN1_OCTET_STRING_set(target, octets(bytes), static_cast<int>(bytes.size())) != 1) throw std::bad_alloc();
}

void add_recipient(PKCS7* packet, X509* certificate, ByteView content_key) {
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
    throw ConfigError("pkcs7: a certificate has no RSA key", "use a certificate with an RSA key, or a jwe recipient");
  }
  const auto wrapped = rsa_pkcs1(key, content_key, true);
  // Takes issuer, serial number and the name of the key's algorithm from the certificate.
  PKCS7_RECIP_INFO* info = PKCS7_add_recipient(packet, certificate);
  if (!wrapped || info == nullptr) throw_openssl_error("wrap a key for a certificate");
  set_octets(info->enc_key, *wrapped);
}

}  // namespace

Bytes pkcs7_encrypt(ByteView plaintext, const std::vector<std::shared_ptr<X509>>& certificates) {
  if (plaintext.size() > kMaxPacket) throw UnsupportedError("PKCS #7: more than 1 MiB in one packet");
  std::array<std::byte, 16> key{};
  std::array<std::byte, kNonce> nonce{};
  random_bytes(key);
  random_bytes(nonce);
  const Pkcs7Ptr packet(PKCS7_new());
  if (!packet || PKCS7_set_type(packet.get(), NID_pkcs7_enveloped) != 1) throw_openssl_error("make a PKCS #7 packet");
  for (const auto& certificate : certificates) add_recipient(packet.get(), certificate.get(), key);

  PKCS7_ENC_CONTENT* content = packet->d.enveloped->enc_data;
  std::unique_ptr<ASN1_STRING, FreeWith<ASN1_STRING_free>> parameters(ASN1_STRING_type_new(V_ASN1_SEQUENCE));
  Buffer raw;
  raw.append(bytes_of(kOuterHead.data(), kOuterHead.size()));
  raw.append(bytes_of(kGcmHead.data(), kGcmHead.size()));
  raw.append(bytes_of(kNonceHead.data(), kNonceHead.size()));
  raw.append(nonce);
  raw.append(bytes_of(kGcmTail.data(), kGcmTail.size()));
  if (!parameters || ASN1_STRING_set(parameters.get(), raw.data(), static_cast<int>(raw.size())) != 1) {
    throw std::bad_alloc();
  }
  if (X509_ALGOR_set0(content->algorithm, OBJ_nid2obj(NID_aes_128_gcm), V_ASN1_SEQUENCE, parameters.get()) != 1) {
    throw_openssl_error("make a PKCS #7 packet");
  }
  parameters.release();  // the packet's now
  content->enc_data = ASN1_OCTET_STRING_new();
  if (content->enc_data == nullptr) throw std::bad_alloc();
  set_octets(content->enc_data, encrypt_content(key, nonce, plaintext));

  unsigned char* der = nullptr;
  const int size = i2d_PKCS7(packet.get(), &der);
  if (size < 0) throw_openssl_error("write a PKCS #7 packet");
  Bytes bytes = to_bytes(bytes_of(der, static_cast<std::size_t>(size)));
  OPENSSL_free(der);
  return bytes;
}

std::optional<Bytes> pkcs7_decrypt(ByteView bytes, EVP_PKEY* key) {
  if (bytes.size() > kMaxPacket) throw FormatError("PKCS #7: the packet is larger than 1 MiB");
  const Bytes fixed = with_constructed_parameters(bytes);
  const unsigned char* at = octets(fixed);
  const Pkcs7Ptr packet(d2i_PKCS7(nullptr, &at, static_cast<long>(fixed.size())));
  if (!packet || OBJ_obj2nid(packet->type) != NID_pkcs7_enveloped || packet->d.enveloped == nullptr) {
    last_openssl_error();
    throw FormatError("PKCS #7: the packet holds no enveloped data");
  }
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) return std::nullopt;
  const PKCS7_ENC_CONTENT* content = packet->d.enveloped->enc_data;
  if (content == nullptr || content->algorithm == nullptr || content->enc_data == nullptr) {
    throw FormatError("PKCS #7: the packet has no content");
  }
  const Algorithm& algorithm = find_algorithm(content->algorithm);
  const Bytes nonce = nonce_of(content->algorithm, algorithm.gcm);
  const auto octets_of = [](const ASN1_OCTET_STRING* text) {
    return bytes_of(ASN1_STRING_get0_data(text), static_cast<std::size_t>(ASN1_STRING_length(text)));
  };
  const STACK_OF(PKCS7_RECIP_INFO)* recipients = packet->d.enveloped->recipientinfo;
  for (int i = 0; i < sk_PKCS7_RECIP_INFO_num(recipients); ++i) {
    const PKCS7_RECIP_INFO* info = sk_PKCS7_RECIP_INFO_value(recipients, i);
    if (info->enc_key == nullptr) continue;
    const auto content_key = rsa_pkcs1(key, octets_of(info->enc_key), false);
    if (!content_key) continue;
    if (auto plaintext = decrypt_content(algorithm, *content_key, nonce, octets_of(content->enc_data)))
      return plaintext;
  }
  return std::nullopt;
}

}  // namespace accel::crypt
