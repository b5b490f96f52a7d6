#include "accel/io/verify.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "accel/base/error.hpp"

namespace accel::io {

namespace {

constexpr const char* kSizeHint = "the manifest states another size than the blob has; push the image again";

std::string digest_text(const hash::Digest& digest) { return digest.empty() ? "no digest" : digest.to_string(); }

}  // namespace

VerifyStream::VerifyStream(ByteStream& inner, const hash::Digest& expected, std::optional<std::uint64_t> size,
                           std::string subject)
    : inner_(inner), expected_(expected), size_(size), subject_(std::move(subject)), hasher_(expected.algorithm()) {}

std::size_t VerifyStream::read(MutableByteView out) {
  if (out.empty() || state_ == State::verified) return 0;
  if (state_ == State::failed) throw FormatError(subject_ + ": read after it failed verification");
  // Whatever throws below leaves a stream that cannot come to a clean end any more.
  state_ = State::failed;

  const std::uint64_t left = size_ ? *size_ - hasher_.length() : out.size();
  const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left));
  const std::size_t count = want > 0 ? inner_.read(out.first(want)) : 0;
  hasher_.update(out.first(count));

  if (size_ && hasher_.length() == *size_) {
    check_end_of_sized();
    check_digest();
    state_ = State::verified;
  } else if (count == 0) {
    if (size_) {
      throw FormatError(
          subject_ + ": it ends after " + std::to_string(hasher_.length()) + " bytes, want " + std::to_string(*size_),
          FormatError::Where{.digest = expected_.to_string(), .path = {}, .offset = {}}, kSizeHint);
    }
    check_digest();
    state_ = State::verified;
  } else {
    state_ = State::reading;
  }
  return count;
}

void VerifyStream::check_end_of_sized() {
  std::array<std::byte, 1> extra;
  if (inner_.read(extra) == 0) return;
  throw FormatError(subject_ + ": it has more than the " + std::to_string(*size_) + " bytes it should have",
                    FormatError::Where{.digest = expected_.to_string(), .path = {}, .offset = {}}, kSizeHint);
}

void VerifyStream::check_digest() {
  const std::uint64_t length = hasher_.length();
  const hash::Digest actual = hasher_.finish();
  if (actual != expected_) throw DigestMismatch(subject_, digest_text(expected_), actual.to_string(), length);
}

void verify_bytes(ByteView bytes, const hash::Digest& expected, std::string_view subject) {
  hash::Hasher hasher(expected.algorithm());
  hasher.update(bytes);
  const hash::Digest actual = hasher.finish();
  if (actual != expected) throw DigestMismatch(subject, digest_text(expected), actual.to_string(), bytes.size());
}

}  // namespace accel::io
