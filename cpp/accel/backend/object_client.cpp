#include "accel/backend/object_client.hpp"

#include <algorithm>
#include <utility>

#include "accel/backend/object_error.hpp"
#include "accel/backend/xml.hpp"
#include "accel/base/error.hpp"
#include "accel/net/redact.hpp"
#include "accel/net/text.hpp"

namespace accel::backend {

namespace {

constexpr std::size_t kMaxAnswer = 64U << 10U;
constexpr std::size_t kMaxUploadId = 2048;
constexpr std::size_t kMaxTag = 256;
constexpr const char* kAnswerHint = "a proxy before the store may answer in its place";

std::string part_query(std::size_t number, const std::string& upload) {
  return "partNumber=" + std::to_string(number) + "&uploadId=" + net::percent_encode(upload);
}

net::Headers octets() { return {{"Content-Type", "application/octet-stream"}}; }

}  // namespace

ObjectClient::ObjectClient(ObjectStore store, std::shared_ptr<net::HttpTransport> http, const Options& options)
    : store_(std::move(store)),
      http_(std::move(http)),
      retry_(net::system_retry_services(options.log)),
      user_agent_(options.user_agent) {
  retry_.clock = options.clock;
  policy_.max_attempts = options.max_attempts;
  policy_.backoff_base = options.backoff_base;
}

net::Request ObjectClient::make_request(const Call& call) const {
  net::Request request;
  request.method = call.method;
  request.url = store_.url(call.key, call.query);
  request.headers = call.headers;
  request.body = call.body;
  request.limit = call.limit;
  // Signed anew at each try: signatures expire.
  store_.signer->sign(request, store_.resource(call.key), retry_.clock->date());
  request.headers.set("User-Agent", user_agent_);  // not signed: proxies may change it
  return request;
}

net::Response ObjectClient::send_once(const Call& call, std::initializer_list<int> accepted,
                                      const CancelToken& cancel) {
  const net::Request request = make_request(call);
  net::Response response = http_->send(request, cancel);
  if (std::find(accepted.begin(), accepted.end(), response.status) == accepted.end()) {
    throw_object_error({store_, call.subject, call.method, request.url}, response, retry_.clock->date());
  }
  return response;
}

ObjectClient::Answer ObjectClient::read_answer(const Call& call, net::Response response) const {
  auto body = net::read_all(*response.body, kMaxAnswer);
  if (!body) fail_answer(call, "the answer is longer than " + std::to_string(kMaxAnswer) + " bytes", response.status);
  return {std::move(response.headers), *std::move(body)};
}

ObjectClient::Answer ObjectClient::send(const Call& call, std::initializer_list<int> accepted,
                                        const CancelToken& cancel) {
  net::Retry retry(policy_, retry_, std::string(call.method) + " of " + std::string(call.subject), cancel);
  return retry.run([&] { return read_answer(call, send_once(call, accepted, cancel)); });
}

ObjectClient::Answer ObjectClient::send_document(const Call& call, std::string_view root, const CancelToken& cancel) {
  net::Retry retry(policy_, retry_, std::string(call.method) + " of " + std::string(call.subject), cancel);
  return retry.run([&] {
    Answer answer = read_answer(call, send_once(call, {200}, cancel));
    const auto document = parse_xml(answer.body);
    // Copies and completions take long: the status goes out first, and failures follow in the body.
    if (document && document->root == "Error") {
      throw_object_error({store_, call.subject, call.method, store_.url(call.key, call.query)}, 200, answer.body);
    }
    if (!document || document->root != root) fail_answer(call, "the answer is no " + std::string(root), 200);
    return answer;
  });
}

void ObjectClient::fail_answer(const Call& call, const std::string& problem, int status) const {
  RegistryError::Fields fields;
  fields.status = status;
  fields.method = call.method;
  fields.url = net::redact(store_.url(call.key, call.query));
  std::string message = std::string(call.subject) + ": " + fields.method + " " + fields.url + ": " + problem;
  throw RegistryError(std::move(message), std::move(fields), kAnswerHint);
}

std::optional<std::uint64_t> ObjectClient::head(const std::string& key, std::string_view subject,
                                                const CancelToken& cancel) {
  const Call call{"HEAD", key, "", {}, {}, subject};
  net::Retry retry(policy_, retry_, "HEAD of " + std::string(subject), cancel);
  return retry.run([&]() -> std::optional<std::uint64_t> {
    const net::Response response = send_once(call, {200, 404}, cancel);
    if (response.status == 404) return std::nullopt;
    if (!response.content_length) fail_answer(call, "the answer has no Content-Length", response.status);
    return response.content_length;
  });
}

void ObjectClient::put(const std::string& key, ByteView content, std::string_view subject, const CancelToken& cancel) {
  send({"PUT", key, "", octets(), content, subject}, {200, 201}, cancel);
}

void ObjectClient::get(const std::string& key, std::uint64_t offset, MutableByteView out, std::string_view subject,
                       const CancelToken& cancel) {
  if (out.empty()) return;
  net::Retry retry(policy_, retry_, "GET of " + std::string(subject), cancel);
  std::size_t done = 0;  // what arrived before a transfer broke is kept
  while (done < out.size()) {
    cancel.check();
    const std::size_t before = done;
    try {
      const std::string range =
          "bytes=" + std::to_string(offset + done) + "-" + std::to_string(offset + out.size() - 1);
      get_once({"GET", key, "", {{"Range", range}}, {}, subject}, offset, out, done, cancel);
    } catch (const RegistryError& error) {
      retry.made_progress(done - before);
      retry.wait_or_rethrow(error);
    }
  }
}

void ObjectClient::get_once(const Call& call, std::uint64_t offset, MutableByteView out, std::size_t& done,
                            const CancelToken& cancel) {
  const net::Response response = send_once(call, {206}, cancel);
  const std::string wanted = "bytes " + std::to_string(offset + done) + "-";
  if (!response.headers.get("Content-Range").starts_with(wanted)) {
    fail_answer(call, "the answer is of another range than was asked for", response.status);
  }
  while (done < out.size()) {
    const std::size_t count = response.body->read(out.subspan(done));
    if (count == 0) fail_answer(call, "the object is shorter than the blob", response.status);
    done += count;
  }
  // Lets a body of exactly this range reach its end, so that its connection is kept.
  std::byte beyond{};
  response.body->read({&beyond, 1});
}

net::Headers ObjectClient::copy_source(const std::string& from) const {
  net::Headers headers = octets();
  headers.add(store_.header_prefix + "copy-source", "/" + store_.bucket + "/" + encode_key(from));
  return headers;
}

void ObjectClient::copy(const std::string& from, const std::string& to, std::string_view subject,
                        const CancelToken& cancel) {
  send_document({"PUT", to, "", copy_source(from), {}, subject}, "CopyObjectResult", cancel);
}

void ObjectClient::remove(const std::string& key, std::string_view subject, std::chrono::milliseconds limit,
                          const CancelToken& cancel) {
  const Call call{"DELETE", key, "", {}, {}, subject, limit};
  if (limit.count() == 0) {
    send(call, {200, 204, 404}, cancel);
  } else {
    send_once(call, {200, 204, 404}, cancel);
  }
}

std::string ObjectClient::begin_upload(const std::string& key, std::string_view subject, const CancelToken& cancel) {
  const Call call{"POST", key, "uploads", octets(), {}, subject};
  const Answer answer = send_document(call, "InitiateMultipartUploadResult", cancel);
  std::string id(parse_xml(answer.body)->text("UploadId"));
  if (id.empty() || id.size() > kMaxUploadId) fail_answer(call, "the answer names no upload", 200);
  return id;
}

std::string ObjectClient::upload_part(const std::string& key, const std::string& upload, std::size_t number,
                                      ByteView content, std::string_view subject, const CancelToken& cancel) {
  const Call call{"PUT", key, part_query(number, upload), octets(), content, subject};
  const Answer answer = send(call, {200}, cancel);
  std::string tag(answer.headers.get("ETag"));
  if (tag.empty() || tag.size() > kMaxTag) fail_answer(call, "the answer has no ETag", 200);
  return tag;
}

std::string ObjectClient::copy_part(const std::string& from, const std::string& key, const std::string& upload,
                                    std::size_t number, std::uint64_t first, std::uint64_t last,
                                    std::string_view subject, const CancelToken& cancel) {
  Call call{"PUT", key, part_query(number, upload), copy_source(from), {}, subject};
  call.headers.add(store_.header_prefix + "copy-source-range",
                   "bytes=" + std::to_string(first) + "-" + std::to_string(last));
  // OSS calls the document CopyPartResult as S3 does; some stores say CopyObjectResult.
  const Answer answer = send_document(call, "CopyPartResult", cancel);
  std::string tag(parse_xml(answer.body)->text("ETag"));
  if (tag.empty() || tag.size() > kMaxTag) fail_answer(call, "the answer has no ETag", 200);
  return tag;
}

void ObjectClient::complete_upload(const std::string& key, const std::string& upload,
                                   const std::vector<std::string>& tags, std::uint64_t size, std::string_view subject,
                                   const CancelToken& cancel) {
  std::string list = "<CompleteMultipartUpload>";
  for (std::size_t i = 0; i < tags.size(); ++i) {
    list +=
        "<Part><PartNumber>" + std::to_string(i + 1) + "</PartNumber><ETag>" + xml_escape(tags[i]) + "</ETag></Part>";
  }
  list += "</CompleteMultipartUpload>";
  const Call call{
      "POST",         key,    "uploadId=" + net::percent_encode(upload), {{"Content-Type", "application/xml"}},
      as_bytes(list), subject};
  try {
    send_document(call, "CompleteMultipartUploadResult", cancel);
  } catch (const NotFound& error) {
    // Repeated after an answer that was lost: the upload is gone because it has become the object.
    if (error.fields().code != "NoSuchUpload" || head(key, subject, cancel) != size) throw;
  }
}

void ObjectClient::abort_upload(const std::string& key, const std::string& upload, std::string_view subject,
                                std::chrono::milliseconds limit) {
  const Call call{"DELETE", key, "uploadId=" + net::percent_encode(upload), {}, {}, subject, limit};
  send_once(call, {200, 204, 404}, CancelToken());
}

}  // namespace accel::backend
