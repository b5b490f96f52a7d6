#include "accel/net/response_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <utility>

#include "accel/base/error.hpp"

namespace accel::net {

namespace http = boost::beast::http;
using boost::system::error_code;

struct ResponseParser::Impl {
  http::response_parser<http::buffer_body> parser;
  std::string url;

  [[noreturn]] void fail(const error_code& error) const {
    RegistryError::Fields fields;
    fields.url = url;
    throw Unreachable(url + ": the answer is no valid HTTP: " + error.message(), std::move(fields),
                      "check that a registry listens at this address");
  }
};

ResponseParser::ResponseParser(bool no_body, std::string url) : impl_(std::make_unique<Impl>()) {
  impl_->url = std::move(url);
  impl_->parser.header_limit(kMaxHeadBytes);
  impl_->parser.body_limit(boost::none);  // bodies are streamed; whoever collects one sets a limit
  impl_->parser.skip(no_body);
}

ResponseParser::~ResponseParser() = default;

std::size_t ResponseParser::put_head(ByteView in) {
  error_code error;
  const std::size_t taken = impl_->parser.put(boost::asio::const_buffer(in.data(), in.size()), error);
  if (error && error != http::error::need_more) impl_->fail(error);
  return taken;
}

bool ResponseParser::head_done() const { return impl_->parser.is_header_done(); }
int ResponseParser::status() const { return static_cast<int>(impl_->parser.get().result_int()); }
bool ResponseParser::keep_alive() const { return impl_->parser.keep_alive(); }
bool ResponseParser::chunked() const { return impl_->parser.chunked(); }
bool ResponseParser::body_done() const { return impl_->parser.is_done(); }

Headers ResponseParser::headers() const {
  Headers headers;
  for (const auto& field : impl_->parser.get()) {
    headers.add(std::string(field.name_string()), std::string(field.value()));
  }
  return headers;
}

std::optional<std::uint64_t> ResponseParser::content_length() const {
  const auto length = impl_->parser.content_length();
  if (!length) return std::nullopt;
  return *length;
}

ResponseParser::Step ResponseParser::decode(ByteView in, MutableByteView out) {
  Step step;
  auto& body = impl_->parser.get().body();
  body.data = out.data();
  body.size = out.size();
  body.more = true;
  error_code error;
  step.taken = impl_->parser.put(boost::asio::const_buffer(in.data(), in.size()), error);
  if (error && error != http::error::need_more && error != http::error::need_buffer) impl_->fail(error);
  step.produced = out.size() - body.size;
  return step;
}

}  // namespace accel::net
