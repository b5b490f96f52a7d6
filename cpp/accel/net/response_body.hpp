/// The body of an answer on the wire.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "accel/net/connection.hpp"
#include "accel/net/http_message.hpp"
#include "accel/net/pool.hpp"
#include "accel/net/response_parser.hpp"

namespace accel::net {

/// Reads a body by its framing: Content-Length, chunks, or up to the end of the connection. Bodies of known length go
/// from the socket straight into the caller's memory. After the last byte the connection goes back to the pool.
class WireBody final : public Body {
 public:
  struct Source {
    Pool::Lease lease;
    std::unique_ptr<Connection> connection;
    std::unique_ptr<ResponseParser> parser;  ///< whose head is done
    Bytes rest;                              ///< bytes received after the head
    Wait wait;                               ///< of one read
    std::string label;                       ///< "GET https://…", redacted
    std::string url;                         ///< redacted
    bool reusable = true;                    ///< the whole request was sent
  };
  WireBody(Source source, bool no_body);
  std::size_t read(MutableByteView out) override;

 private:
  enum class Framing : unsigned char { length, chunked, until_close };

  std::size_t read_raw(MutableByteView out);
  std::size_t read_chunked(MutableByteView out);
  void finish();
  [[noreturn]] void fail_short() const;

  Source source_;
  Framing framing_;
  std::uint64_t left_ = 0;  ///< of a body of known length
  std::uint64_t done_ = 0;
  std::size_t rest_begin_ = 0;
  bool ended_ = false;
};

}  // namespace accel::net
