#include "accel/crypt/ocicrypt.hpp"

#include <algorithm>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/crypt/layer_cipher.hpp"
#include "accel/crypt/layer_options.hpp"
#include "accel/crypt/random.hpp"
#include "accel/hash/hasher.hpp"

namespace accel::crypt {

namespace {

constexpr std::string_view kSuffix = "+encrypted";
constexpr std::string_view kAnnotations = "org.opencontainers.image.enc.";
constexpr const char* kPublicOptions = "org.opencontainers.image.enc.pubopts";
constexpr std::size_t kBlock = 64U << 10U;

class DecryptStream final : public io::ByteStream {
 public:
  DecryptStream(io::ByteStream& inner, const PrivateOptions& options, Bytes hmac)
      : inner_(inner), cipher_(options.secret, options.nonce), hmac_(std::move(hmac)), ready_(kBlock), next_(kBlock) {}

  std::size_t read(MutableByteView out) override {
    if (failed_) fail();
    if (out.empty()) return 0;
    if (at_ == ready_size_ && !advance()) return 0;
    const std::size_t count = std::min(out.size(), ready_size_ - at_);
    std::copy_n(ready_.begin() + static_cast<std::ptrdiff_t>(at_), count, out.begin());
    at_ += count;
    return count;
  }

 private:
  /// Makes the next block ready. The last one only when the HMAC is right: so one block is always read ahead.
  bool advance() {
    if (ended_) return false;
    if (first_) next_size_ = fill();
    first_ = false;
    std::swap(ready_, next_);
    ready_size_ = next_size_;
    at_ = 0;
    next_size_ = ready_size_ == 0 ? 0 : fill();
    if (next_size_ == 0) {
      ended_ = true;
      actual_ = cipher_.finish();
      failed_ = !hash::equal_constant_time(actual_, hmac_);
      if (failed_) fail();
    }
    return ready_size_ > 0;
  }

  std::size_t fill() {
    const std::size_t count = io::read_full(inner_, next_);
    const auto block = MutableByteView(next_).first(count);
    cipher_.decrypt(block, block);
    length_ += count;
    return count;
  }

  [[noreturn]] void fail() const {
    throw DigestMismatch("HMAC of the encrypted layer", hex_encode(hmac_), hex_encode(actual_), length_,
                         "the layer was changed after its encryption; get it again from its source");
  }

  io::ByteStream& inner_;
  LayerCipher cipher_;
  const Bytes hmac_;
  Bytes actual_;
  Bytes ready_, next_;
  std::size_t ready_size_ = 0, next_size_ = 0, at_ = 0;
  std::uint64_t length_ = 0;
  bool first_ = true, ended_ = false, failed_ = false;
};

}  // namespace

bool is_encrypted(std::string_view media_type) noexcept { return media_type.ends_with(kSuffix); }

std::string encrypted_media_type(std::string_view media_type) {
  return std::string(media_type) + (is_encrypted(media_type) ? "" : std::string(kSuffix));
}

std::string plain_media_type(std::string_view media_type) {
  if (is_encrypted(media_type)) media_type.remove_suffix(kSuffix.size());
  return std::string(media_type);
}

Annotations plain_annotations(const Annotations& annotations) {
  Annotations plain;
  for (const auto& [name, value] : annotations) {
    if (!name.starts_with(kAnnotations)) plain.emplace(name, value);
  }
  return plain;
}

struct LayerEncryptor::State {
  State(io::ByteSink& inner, const PrivateOptions& fresh)
      : sink(inner), options(fresh), cipher(options.secret, options.nonce), block(kBlock) {}

  io::ByteSink& sink;
  PrivateOptions options;
  LayerCipher cipher;
  hash::Hasher plain;
  Bytes block;
};

LayerEncryptor::LayerEncryptor(io::ByteSink& sink) {
  PrivateOptions options;
  random_bytes(options.secret);
  random_bytes(options.nonce);
  state_ = std::make_unique<State>(sink, options);
}

LayerEncryptor::LayerEncryptor(LayerEncryptor&&) noexcept = default;
LayerEncryptor::~LayerEncryptor() = default;

void LayerEncryptor::write(ByteView plaintext) {
  while (!plaintext.empty()) {
    const auto piece = plaintext.first(std::min(plaintext.size(), kBlock));
    const auto out = MutableByteView(state_->block).first(piece.size());
    state_->plain.update(piece);
    state_->cipher.encrypt(piece, out);
    state_->sink.write(out);
    plaintext = plaintext.subspan(piece.size());
  }
}

Annotations LayerEncryptor::finish(const Recipients& recipients) {
  state_->options.digest = state_->plain.finish().to_string();
  Annotations annotations = recipients.wrap(as_bytes(to_json(state_->options)));
  const std::string open = to_json(PublicOptions{std::string(kLayerCipher), state_->cipher.finish()});
  annotations[kPublicOptions] = base64_encode(as_bytes(open));
  return annotations;
}

struct LayerKey::State {
  PrivateOptions options;
  Bytes hmac;
};

LayerKey::LayerKey(std::unique_ptr<State> state) : state_(std::move(state)) {}
LayerKey::LayerKey(LayerKey&&) noexcept = default;
LayerKey& LayerKey::operator=(LayerKey&&) noexcept = default;
LayerKey::~LayerKey() = default;

LayerKey LayerKey::unwrap(const Annotations& annotations, const DecryptKeys& keys) {
  const auto found = annotations.find(kPublicOptions);
  Bytes open;
  if (found == annotations.end() || !base64_decode(found->second, open)) {
    throw FormatError("encrypted layer: annotation " + std::string(kPublicOptions) + " is missing or no base64");
  }
  ParsedPublic parsed = parse_public_options(as_text(open));
  const Bytes secret = keys.unwrap(annotations);
  auto state = std::make_unique<State>();
  state->options = parse_private_options(as_text(secret), parsed.nonce);
  state->hmac = std::move(parsed.options.hmac);
  return LayerKey(std::move(state));
}

std::unique_ptr<io::ByteStream> LayerKey::decrypt(io::ByteStream& ciphertext) const {
  return std::make_unique<DecryptStream>(ciphertext, state_->options, state_->hmac);
}

}  // namespace accel::crypt
