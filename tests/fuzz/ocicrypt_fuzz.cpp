// Annotations of encrypted layers, one "NAME VALUE" a line, and the options that are wrapped: what is unwrapped
// decrypts or says that the layer was changed.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "accel/base/error.hpp"
#include "accel/crypt/layer_options.hpp"
#include "accel/crypt/ocicrypt.hpp"
#include "accel/io/memory.hpp"
#include "crypt_keys.hpp"

namespace {

using namespace accel;

/// Keys come from files: these live in memory.
std::string in_memory(std::string_view content) {
  const int descriptor = ::memfd_create("key", 0);
  if (descriptor < 0 || ::write(descriptor, content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
    std::abort();
  }
  return "/proc/self/fd/" + std::to_string(descriptor);
}

template <class Use>
void expect_documented(const Use& use) {
  try {
    use();
  } catch (const FormatError&) {
  } catch (const UnsupportedError&) {
  } catch (const DigestMismatch&) {
  } catch (const ConfigError&) {  // none of the keys
  }
  fuzz::require_no_openssl_error();
}

crypt::Annotations annotations_of(std::string_view text) {
  crypt::Annotations annotations;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t space = std::min(line.find(' '), line.size());
    annotations[std::string(line.substr(0, space))] = line.substr(std::min(space + 1, line.size()));
  }
  // gpg is a program of its own; starting it for each input would try nothing of ours.
  annotations.erase("org.opencontainers.image.enc.keys.pgp");
  return annotations;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto keys = crypt::DecryptKeys::load({in_memory(fuzz::kRsaKey), in_memory(fuzz::kEcKey)});
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  expect_documented([&] {
    const crypt::Annotations annotations = annotations_of(text);
    const crypt::Annotations plain = crypt::plain_annotations(annotations);
    if (plain.size() > annotations.size() || crypt::plain_annotations(plain) != plain) std::abort();
    const auto key = crypt::LayerKey::unwrap(annotations, keys);
    io::MemoryStream layer(as_bytes("ciphertext"));
    const auto decrypted = key.decrypt(layer);
    static_cast<void>(io::read_all(*decrypted, 100));
  });
  expect_documented([&] {
    const crypt::ParsedPublic parsed = crypt::parse_public_options(text);
    const auto again = crypt::parse_public_options(crypt::to_json(parsed.options));
    if (again.options.hmac != parsed.options.hmac) std::abort();
  });
  expect_documented([&] {
    const crypt::PrivateOptions parsed = crypt::parse_private_options(text, {});
    const auto again = crypt::parse_private_options(crypt::to_json(parsed), {});
    if (again.secret != parsed.secret || again.nonce != parsed.nonce || again.digest != parsed.digest) std::abort();
  });
  return 0;
}
