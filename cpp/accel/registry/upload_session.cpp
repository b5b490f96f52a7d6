#include "accel/registry/upload_session.hpp"

#include <utility>

#include "accel/base/error.hpp"
#include "accel/net/connection.hpp"
#include "accel/net/redact.hpp"
#include "accel/net/text.hpp"
#include "accel/oci/repository.hpp"
#include "accel/registry/content_range.hpp"

namespace accel::registry {

namespace {

constexpr std::chrono::milliseconds kAbortLimit{500};

}  // namespace

UploadSession UploadSession::start(const Place& place, const CancelToken& cancel) {
  Call call;
  call.method = "POST";
  call.path = place.path("blobs/uploads/");
  call.scopes = place.push();
  call.subject = "upload to " + place.name();
  return {place, place.host->send(call, {202}, cancel)};
}

UploadSession::UploadSession(const Place& place, const Answer& answer) : place_(place), location_(answer.url) {
  follow(answer);
  min_chunk_bytes_ = net::parse_u64(answer.headers.get("OCI-Chunk-Min-Length")).value_or(0);
}

UploadSession::UploadSession(UploadSession&& other) noexcept
    : place_(std::move(other.place_)),
      location_(std::move(other.location_)),
      offset_(other.offset_),
      min_chunk_bytes_(other.min_chunk_bytes_),
      open_(std::exchange(other.open_, false)),
      interrupted_(other.interrupted_),
      stream_(std::move(other.stream_)),
      stream_url_(std::move(other.stream_url_)) {}

UploadSession::~UploadSession() {
  if (!open_) return;
  stream_.reset();  // ends its connection before the session is deleted
  try {
    Call abort = call("DELETE");
    abort.limit = kAbortLimit;
    abort.hold = net::Hold::open;  // does not wait for others
    // The upload's own token may be the reason for the end.
    place_.host->send_once(abort, {200, 202, 204, 404}, CancelToken());
  } catch (const std::exception& error) {
    place_.host->services().log->debug("upload session not deleted", {{"because", error.what()}});
  }
}

Call UploadSession::call(const char* method) const {
  Call call;
  call.method = method;
  call.url = location_;
  call.scopes = place_.push();
  call.subject = "upload to " + place_.name();
  return call;
}

void UploadSession::follow(const Answer& answer) {
  const auto text = answer.headers.get("Location");
  if (text.empty()) return;  // a session that stays where it is
  const auto target = answer.url.resolve(text);
  RegistryError::Fields fields;
  fields.status = answer.status;
  fields.url = net::redact(answer.url);
  if (!target)
    throw RegistryError("upload to " + place_.name() + ": Location is no readable URL", std::move(fields),
                        "the registry or the proxy before it is set up wrongly");
  if (answer.url.is_https() && !target->is_https()) {
    throw RegistryError(
        "upload to " + place_.name() + ": Location leads to " + target->origin() + ", without encryption",
        std::move(fields), "let the registry or the proxy before it give out https:// addresses");
  }
  location_ = *target;
}

void UploadSession::fail_lost(const std::string& reason) const {
  RegistryError::Fields fields;
  fields.code = oci::kUploadLost;
  fields.retryable = true;  // by whoever can produce the bytes again
  fields.url = net::redact(location_);
  throw RegistryError("upload to " + place_.name() + ": " + reason + " after " + std::to_string(offset_) + " bytes",
                      std::move(fields), net::kBrokenHint);
}

void UploadSession::fail_refused(const std::string& reason) const {
  RegistryError::Fields fields;
  fields.code = oci::kChunkRefused;
  fields.method = "PATCH";
  fields.url = net::redact(location_);
  throw RegistryError(
      "upload to " + place_.name() + ": the registry refuses a chunk at " + std::to_string(offset_) + " with " + reason,
      std::move(fields));
}

std::size_t UploadSession::within_chunk(std::uint64_t confirmed, std::size_t chunk_size) const {
  if (confirmed < offset_) fail_lost("the registry kept only " + std::to_string(confirmed) + " bytes");
  if (confirmed - offset_ > chunk_size) fail_lost("the registry claims more bytes than were sent");
  return static_cast<std::size_t>(confirmed - offset_);
}

void UploadSession::send(ByteView chunk, const CancelToken& cancel) {
  net::Retry retry(place_.host->retry_policy(), place_.host->services().retry, "upload to " + place_.name(), cancel);
  std::size_t done = 0;
  bool in_doubt = false;  // a request broke: only the registry knows what it has
  while (done < chunk.size()) {
    cancel.check();
    try {
      const std::size_t before = done;
      done = in_doubt ? ask_progress(chunk.size(), cancel) : patch(chunk, done, cancel);
      in_doubt = false;
      retry.made_progress(done > before ? done - before : 0);
    } catch (const RegistryError& error) {
      if (error.fields().code == oci::kUploadLost) throw;
      if (in_doubt && (error.status() == 404 || error.status() == 400)) fail_lost("the registry gave up the session");
      retry.wait_or_rethrow(error);
      in_doubt = true;
      interrupted_ = true;
    }
  }
  offset_ += chunk.size();
}

std::size_t UploadSession::patch(ByteView chunk, std::size_t done, const CancelToken& cancel) {
  Call request = call("PATCH");
  request.body = chunk.subspan(done);
  const std::uint64_t first = offset_ + done;
  request.headers.add("Content-Type", "application/octet-stream");
  // Upload sessions have their own dialect: no unit, no total.
  request.headers.add("Content-Range", std::to_string(first) + "-" + std::to_string(first + request.body.size() - 1));
  // 411, 413, 415 and 501 come from proxies and registries that do not know or not want chunks.
  const Answer answer =
      place_.host->send_once(request, {200, 201, 202, 204, 400, 404, 405, 411, 413, 415, 416, 501}, cancel);
  // QUIRK: docker-registry 2.8 gives a session up (404, 400) when bytes of an interrupted request reach it after it has
  // reported its progress.
  if (answer.status == 404 || (answer.status == 400 && interrupted_)) fail_lost("the registry gave up the session");
  if (answer.status == 416) {
    const std::size_t confirmed = ask_progress(chunk.size(), cancel);
    // Not a wrong offset then, but an unwanted chunk.
    if (confirmed == done) fail_refused("416");
    return confirmed;
  }
  if (answer.status >= 400) fail_refused(std::to_string(answer.status));
  follow(answer);
  // Only a range that ends within this chunk means that less was taken. QUIRK: ECR's stays at the end of the first
  // chunk for ever, and docker-registry answers nothing else than the whole.
  const auto confirmed = parse_upload_range(answer.headers.get("Range"));
  const bool partial = confirmed && *confirmed > first && *confirmed < offset_ + chunk.size();
  return partial ? static_cast<std::size_t>(*confirmed - offset_) : chunk.size();
}

void UploadSession::stream(ByteView piece, const CancelToken& cancel) {
  if (!stream_) {
    Call request = call("PATCH");
    request.headers.add("Content-Type", "application/octet-stream");
    request.hold = net::Hold::open;  // lasts as long as the caller takes to produce the blob
    stream_ = place_.host->begin(request, cancel);
    stream_url_ = location_;
  }
  try {
    if (!stream_->write(piece)) {
      end_stream();  // throws what an early refusal means
      fail_lost("the registry ended the upload");
    }
  } catch (const Unreachable& error) {
    fail_lost(error.message());
  }
  offset_ += piece.size();
}

void UploadSession::end_stream() {
  const auto stream = std::exchange(stream_, nullptr);
  Answer answer;
  try {
    static_cast<net::Response&>(answer) = stream->finish();
  } catch (const Unreachable& error) {
    fail_lost(error.message());
  }
  answer.url = stream_url_;
  if (answer.status != 202 && answer.status != 201 && answer.status != 204) {
    place_.host->fail(call("PATCH"), stream_url_, answer);
  }
  follow(answer);
}

std::size_t UploadSession::ask_progress(std::size_t chunk_size, const CancelToken& cancel) {
  const Answer answer = place_.host->send_once(call("GET"), {200, 202, 204}, cancel);
  follow(answer);
  const auto confirmed = parse_upload_range(answer.headers.get("Range"));
  if (!confirmed) fail_lost("the registry does not say how many bytes it has");
  return within_chunk(*confirmed, chunk_size);
}

void UploadSession::commit(const hash::Digest& digest, ByteView rest, const CancelToken& cancel) {
  Call request = call("PUT");
  request.body = rest;
  request.headers.add("Content-Type", "application/octet-stream");
  net::add_query(*request.url, "digest", digest.to_string());
  request.subject = "blob " + digest.short_string() + " to " + place_.name();
  try {
    const Answer answer = rest.empty() ? place_.host->send(request, {200, 201, 204}, cancel)
                                       : place_.host->send_once(request, {200, 201, 204}, cancel);
    open_ = false;
  } catch (const RegistryError& error) {
    if (error.status() == 404) fail_lost("the registry does not know the session any more");
    if (error.fields().code != "DIGEST_INVALID") throw;
    // QUIRK: docker-registry 2.8 ignores Content-Range and may append late bytes of an interrupted request.
    if (interrupted_) fail_lost("the registry holds other bytes than were sent");
    throw DigestMismatch(request.subject, digest.to_string(), "something else at the registry", offset_ + rest.size(),
                         kChangedHint);
  }
}

}  // namespace accel::registry
