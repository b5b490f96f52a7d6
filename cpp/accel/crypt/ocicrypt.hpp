/// Encrypted layers as ocicrypt defined them and skopeo, buildah and containerd read and write them: the layer's bytes
/// under AES-256-CTR with an HMAC, the key of each layer wrapped for every recipient in an annotation.
///
/// Media types get the suffix "+encrypted"; annotations are `org.opencontainers.image.enc.keys.<scheme>` (base64
/// packets, comma separated) and `…enc.pubopts` (base64 of JSON). Behaviour: github.com/containers/ocicrypt.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "accel/crypt/keys.hpp"
#include "accel/io/sink.hpp"
#include "accel/io/source.hpp"

namespace accel::crypt {

using Annotations = std::map<std::string, std::string>;

/// True for media types with the suffix "+encrypted".
bool is_encrypted(std::string_view media_type) noexcept;
/// The media type with the suffix, once.
std::string encrypted_media_type(std::string_view media_type);
/// The media type without the suffix.
std::string plain_media_type(std::string_view media_type);
/// The annotations without those of encryption.
Annotations plain_annotations(const Annotations& annotations);

/// Encrypts one layer on its way to `sink`, which must outlive it. Digest and size of what comes out are the caller's
/// to compute (BlobSink does). Key and nonce are random: the same layer never gives the same bytes twice.
class LayerEncryptor final : public io::ByteSink {
 public:
  explicit LayerEncryptor(io::ByteSink& sink);
  LayerEncryptor(LayerEncryptor&&) noexcept;
  ~LayerEncryptor() override;

  void write(ByteView plaintext) override;
  /// Ends the layer; called once, last. Returns the annotations that its descriptor gets besides its own. Throws
  /// ConfigError when `recipients` is empty, and what wrapping throws (Recipients::wrap).
  Annotations finish(const Recipients& recipients);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The key of one encrypted layer, found with the private keys at hand.
class LayerKey {
 public:
  /// Unwraps the key that `annotations` (of the layer's descriptor) hold. Throws ConfigError when none of `keys` opens
  /// any of the packets, saying for which schemes it is wrapped; FormatError for annotations that cannot be read;
  /// UnsupportedError for ciphers and schemes that are not known.
  static LayerKey unwrap(const Annotations& annotations, const DecryptKeys& keys);

  LayerKey(LayerKey&&) noexcept;
  LayerKey& operator=(LayerKey&&) noexcept;
  ~LayerKey();

  /// The plaintext of `ciphertext`, which must outlive the stream. A consumer never sees a clean end of bytes that were
  /// changed: the read that would return the last bytes throws DigestMismatch instead. What was read before is not yet
  /// proved right.
  [[nodiscard]] std::unique_ptr<io::ByteStream> decrypt(io::ByteStream& ciphertext) const;

 private:
  struct State;
  explicit LayerKey(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace accel::crypt
