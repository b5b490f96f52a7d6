#include "accel/net/response_body.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "accel/base/error.hpp"

namespace accel::net {

namespace {

/// What one read takes from the socket when the body must be decoded on the way.
constexpr std::size_t kChunkedRead = 64U << 10U;

bool status_has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

WireBody::WireBody(Source source, bool no_body) : source_(std::move(source)), framing_(Framing::length) {
  const ResponseParser& parser = *source_.parser;
  if (no_body || status_has_no_body(parser.status())) {
    left_ = 0;
  } else if (parser.chunked()) {
    framing_ = Framing::chunked;
  } else if (const auto length = parser.content_length()) {
    left_ = *length;
  } else {
    framing_ = Framing::until_close;
  }
  if (framing_ == Framing::length && left_ == 0) finish();
}

std::size_t WireBody::read(MutableByteView out) {
  if (ended_ || out.empty()) return 0;
  if (framing_ == Framing::chunked) return read_chunked(out);
  if (framing_ == Framing::length && out.size() > left_) out = out.first(static_cast<std::size_t>(left_));
  const std::size_t count = read_raw(out);
  done_ += count;
  if (framing_ == Framing::length) {
    if (count == 0) fail_short();
    left_ -= count;
    if (left_ == 0) finish();
  } else if (count == 0) {
    finish();
  }
  return count;
}

std::size_t WireBody::read_raw(MutableByteView out) {
  const std::size_t rest = source_.rest.size() - rest_begin_;
  if (rest == 0) return source_.connection->read_some(out, source_.wait);
  const std::size_t count = std::min(out.size(), rest);
  std::memcpy(out.data(), source_.rest.data() + rest_begin_, count);
  rest_begin_ += count;
  return count;
}

std::size_t WireBody::read_chunked(MutableByteView out) {
  Bytes& rest = source_.rest;
  for (;;) {
    const ByteView pending = ByteView(rest).subspan(rest_begin_);
    if (!pending.empty()) {
      const auto step = source_.parser->decode(pending, out);
      rest_begin_ += step.taken;
      done_ += step.produced;
      if (source_.parser->body_done()) finish();
      if (step.produced > 0 || ended_) return step.produced;
      if (step.taken > 0) continue;
      // A chunk header that is still incomplete; a real one is a few bytes long.
      if (pending.size() > kMaxHeadBytes) fail_short();
    }
    rest.erase(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(rest_begin_));
    rest_begin_ = 0;
    const std::size_t kept = rest.size();
    rest.resize(kept + kChunkedRead);
    const std::size_t count = source_.connection->read_some(MutableByteView(rest).subspan(kept), source_.wait);
    rest.resize(kept + count);
    if (count == 0) fail_short();
  }
}

void WireBody::finish() {
  ended_ = true;
  const bool clean = framing_ != Framing::until_close && source_.reusable && source_.parser->keep_alive() &&
                     rest_begin_ == source_.rest.size();
  if (clean && source_.connection->idle()) source_.lease.give_back(std::move(source_.connection));
  source_.connection.reset();
  // The lease ends here, not with the body: a brief request's place is free as soon as its answer is read.
  const Pool::Lease over = std::move(source_.lease);
}

void WireBody::fail_short() const {
  RegistryError::Fields fields;
  fields.status = source_.parser->status();
  fields.url = source_.url;
  fields.retryable = true;
  const auto length = source_.parser->content_length();
  throw Unreachable(source_.label + ": the body ended after " + std::to_string(done_) + " bytes" +
                        (length ? ", want " + std::to_string(*length) : ", before its last chunk"),
                    std::move(fields), kBrokenHint);
}

}  // namespace accel::net
