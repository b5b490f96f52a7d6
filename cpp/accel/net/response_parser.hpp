/// HTTP/1.1 answers from bytes: heads, and bodies in chunks. The only user of Boost.Beast.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "accel/base/bytes.hpp"
#include "accel/net/http_message.hpp"

namespace accel::net {

/// Heads above this size are refused.
inline constexpr std::size_t kMaxHeadBytes = 64U << 10U;

/// Parses one answer. Throws Unreachable (not retryable) on bytes that are no HTTP/1 answer or a head that is too big.
class ResponseParser {
 public:
  /// `no_body`: the request was HEAD. `url` (redacted) is for errors.
  ResponseParser(bool no_body, std::string url);
  ~ResponseParser();

  /// Takes what it can of `in`, all bytes received and not yet taken: call again with more until head_done().
  std::size_t put_head(ByteView in);
  [[nodiscard]] bool head_done() const;
  [[nodiscard]] int status() const;
  [[nodiscard]] Headers headers() const;
  [[nodiscard]] bool keep_alive() const;
  [[nodiscard]] bool chunked() const;
  /// As the header says; nothing when absent.
  [[nodiscard]] std::optional<std::uint64_t> content_length() const;

  struct Step {
    std::size_t taken = 0;     ///< bytes of `in` that are done with
    std::size_t produced = 0;  ///< bytes of body written to `out`
  };
  /// Decodes a chunked body.
  Step decode(ByteView in, MutableByteView out);
  /// True after the last chunk and trailer.
  [[nodiscard]] bool body_done() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace accel::net
