/// A stream that does not end well unless its bytes are the ones that were asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "accel/base/bytes.hpp"
#include "accel/hash/digest.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/source.hpp"

namespace accel::io {

/// Passes the bytes of `inner`, which must outlive it, and checks them against a digest and, when it is known, a size.
///
/// A consumer never sees a clean end (0 from `read`) of wrong bytes: the read that meets the end throws instead, and so
/// does every read after it. With a size, the check even happens before the last bytes are handed out, and `inner` is
/// never read beyond size + 1 bytes.
class VerifyStream final : public ByteStream {
 public:
  /// `subject` names the content in errors: "blob", "config". An empty `expected` matches nothing.
  VerifyStream(ByteStream& inner, const hash::Digest& expected, std::optional<std::uint64_t> size = {},
               std::string subject = "blob");

  /// Throws DigestMismatch for wrong content, FormatError for too few or too many bytes.
  std::size_t read(MutableByteView out) override;
  /// True once the end was reached and everything was right.
  [[nodiscard]] bool verified() const noexcept { return state_ == State::verified; }

 private:
  enum class State { reading, verified, failed };

  void check_end_of_sized();
  void check_digest();

  ByteStream& inner_;
  hash::Digest expected_;
  std::optional<std::uint64_t> size_;
  std::string subject_;
  hash::Hasher hasher_;
  State state_ = State::reading;
};

/// Throws DigestMismatch naming `subject` unless `bytes` have the digest `expected`.
void verify_bytes(ByteView bytes, const hash::Digest& expected, std::string_view subject);

}  // namespace accel::io
