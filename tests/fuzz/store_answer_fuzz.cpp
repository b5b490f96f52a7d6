// Answers of object stores: the XML in them, and what the client makes of every request that is answered so.
//
//     u16 status · u8 length of an entity tag · the tag · body
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "accel/backend/object_client.hpp"
#include "accel/backend/xml.hpp"
#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/net/http_client.hpp"
#include "accel/net/request_stream.hpp"

namespace {

using namespace accel;

constexpr std::size_t kHead = 3;

void require(bool holds) {
  if (!holds) std::abort();
}

class TextBody final : public net::Body {
 public:
  explicit TextBody(std::string_view text) : rest_(text) {}
  std::size_t read(MutableByteView out) override {
    const std::size_t count = std::min(out.size(), rest_.size());
    std::copy_n(as_bytes(rest_).begin(), count, out.begin());
    rest_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view rest_;
};

/// Answers everything alike.
class Parrot final : public net::HttpTransport {
 public:
  Parrot(int status, std::string_view tag, std::string_view body) : status_(status), tag_(tag), body_(body) {}
  net::Response send(const net::Request& request, const CancelToken&) override {
    net::Response response;
    response.status = status_;
    response.headers.add("ETag", std::string(tag_));
    if (request.method == "GET") response.headers.add("Content-Range", "bytes 0-9/10");
    response.content_length = body_.size();
    response.body = std::make_unique<TextBody>(body_);
    return response;
  }
  std::unique_ptr<net::RequestStream> begin(const net::Request&, const CancelToken&) override { std::abort(); }

 private:
  const int status_;
  const std::string_view tag_, body_;
};

template <class Use>
void expect_documented(const Use& use) {
  try {
    use();
  } catch (const RegistryError& error) {
    const std::string_view text = error.what();
    require(text.size() < 2000 && text.find('\n') == std::string_view::npos);
  }
}

void check_xml(std::string_view text) {
  const auto document = backend::parse_xml(text);
  if (!document) return;
  require(!document->root.empty());
  std::string again = "<" + document->root + ">";
  for (const auto& [name, value] : document->children) {
    require(!name.empty());
    again += "<" + name + ">" + backend::xml_escape(value) + "</" + name + ">";
  }
  again += "</" + document->root + ">";
  const auto read = backend::parse_xml(again);
  require(read && read->root == document->root && read->children == document->children);
}

backend::ObjectStoreConfig config() {
  backend::ObjectStoreConfig config;
  config.scheme = "http";
  config.endpoint = "127.0.0.1:9";
  config.region = "r";
  config.bucket = "bucket";
  config.credentials = {"id", "s3cr3t", ""};
  return config;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < kHead) return 0;
  static const backend::ObjectStore store = backend::make_s3_store(config());
  std::string_view rest(reinterpret_cast<const char*>(data) + kHead, size - kHead);
  const int status = load_le<std::uint16_t>(reinterpret_cast<const std::byte*>(data));
  const std::string_view tag = rest.substr(0, data[2]);
  rest.remove_prefix(tag.size());
  check_xml(rest);

  backend::Options options;
  options.max_attempts = 1;
  backend::ObjectClient client(store, std::make_shared<Parrot>(status, tag, rest), options);
  const std::string key = "key";
  expect_documented([&] { client.head(key, "blob", {}); });
  expect_documented([&] { client.put(key, as_bytes("x"), "blob", {}); });
  Bytes out(10);
  expect_documented([&] { client.get(key, 0, out, "blob", {}); });
  expect_documented([&] { client.copy("from", key, "blob", {}); });
  expect_documented([&] { client.remove(key, "blob", std::chrono::milliseconds(0), {}); });
  expect_documented([&] { require(!client.begin_upload(key, "blob", {}).empty()); });
  expect_documented([&] { require(!client.upload_part(key, "id", 1, as_bytes("x"), "blob", {}).empty()); });
  expect_documented([&] { require(!client.copy_part("from", key, "id", 1, 0, 9, "blob", {}).empty()); });
  expect_documented([&] { client.complete_upload(key, "id", {std::string(tag)}, 10, "blob", {}); });
  return 0;
}
