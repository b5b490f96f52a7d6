/// A request whose body is produced while it is sent.
#pragma once

#include <memory>
#include <string>

#include "accel/base/bytes.hpp"
#include "accel/net/http_message.hpp"

namespace accel::net {

/// Takes the body in pieces of any size and gives the answer at the end. Used by one thread at a time. Throws as
/// HttpTransport::send. What was written cannot be sent again, so nothing is retried here.
class RequestStream {
 public:
  virtual ~RequestStream() = default;
  /// Sends `piece`. False when the server answered meanwhile: it wants no more; call `finish` for the answer.
  virtual bool write(ByteView piece) = 0;
  /// Ends the body and returns the answer. The stream is over then.
  virtual Response finish() = 0;
};

}  // namespace accel::net
