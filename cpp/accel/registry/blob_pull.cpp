#include "accel/registry/blob_pull.hpp"

#include <algorithm>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/io/verify.hpp"
#include "accel/net/redact.hpp"
#include "accel/registry/content_range.hpp"

namespace accel::registry {

namespace {

std::string subject_of(const Place& place, const oci::Descriptor& blob) {
  return "blob " + blob.digest.short_string() + " of " + place.name();
}

[[noreturn]] void bad_answer(const Answer& answer, const std::string& what, const char* hint) {
  RegistryError::Fields fields;
  fields.status = answer.status;
  fields.method = "GET";
  fields.url = net::redact(answer.url);
  throw RegistryError(what, std::move(fields), hint);
}

/// The body of a GET, reopened behind the bytes that were read when it breaks. Not verified.
class ResumingStream final : public io::ByteStream {
 public:
  ResumingStream(Place place, oci::Descriptor blob, CancelToken cancel)
      : place_(std::move(place)),
        blob_(std::move(blob)),
        subject_(subject_of(place_, blob_)),
        cancel_(std::move(cancel)),
        retry_(place_.host->retry_policy(), place_.host->services().retry, "GET " + subject_, cancel_) {
    retry_.run([this] {
      open();
      return 0;
    });
  }

  std::size_t read(MutableByteView out) override {
    for (;;) {
      cancel_.check();
      try {
        if (!body_) open();
        const std::size_t count = body_->read(out);
        offset_ += count;
        if (count == 0 && offset_ < blob_.size) fail_short();
        retry_.made_progress(count);
        return count;
      } catch (const RegistryError& error) {
        body_.reset();
        retry_.wait_or_rethrow(error);
      }
    }
  }

 private:
  void open() {
    body_ = read_from_any(place_, [&](Host& host) { return open_at(host); });
  }

  std::unique_ptr<net::Body> open_at(Host& host) {
    Call call;
    call.path = place_.path("blobs/" + blob_.digest.to_string());
    call.scopes = place_.pull();
    call.subject = subject_;
    call.absent = kAbsentBlobHint;
    call.hold = net::Hold::open;
    // The first byte that is missing to the end; a whole blob is asked for plainly, as every registry and cache knows.
    if (offset_ > 0) call.headers.add("Range", "bytes=" + std::to_string(offset_) + "-");
    Answer answer = host.send_once(call, {200, 206, 416}, cancel_);  // the retries are the stream's
    if (answer.status == 416) {
      bad_answer(answer,
                 subject_ + ": the registry has no byte " + std::to_string(offset_) + ", want " +
                     std::to_string(blob_.size) + " bytes",
                 kWrongSizeHint);
    }
    if (answer.status == 206) {
      const auto range = parse_content_range(answer.headers.get("Content-Range"));
      if (!range || range->first != offset_) {
        bad_answer(answer,
                   subject_ + ": asked for bytes from " + std::to_string(offset_) + ", got Content-Range \"" +
                       std::string(answer.headers.get("Content-Range")) + "\"",
                   kWrongRangeHint);
      }
    } else {
      if (answer.content_length && *answer.content_length != blob_.size) {
        bad_answer(answer,
                   subject_ + ": the registry has " + std::to_string(*answer.content_length) + " bytes, want " +
                       std::to_string(blob_.size),
                   kWrongSizeHint);
      }
      skip(*answer.body, offset_);
    }
    return std::move(answer.body);
  }

  /// An answer without a length ended before the blob did.
  [[noreturn]] void fail_short() const {
    RegistryError::Fields fields;
    fields.method = "GET";
    fields.retryable = true;
    throw Unreachable(
        subject_ + ": the answer ended after " + std::to_string(offset_) + " bytes, want " + std::to_string(blob_.size),
        std::move(fields), net::kBrokenHint);
  }

  /// For servers that ignore Range: the bytes that were read before are read again.
  void skip(net::Body& body, std::uint64_t count) {
    Bytes block(static_cast<std::size_t>(std::min<std::uint64_t>(count, 256U << 10U)));
    while (count > 0) {
      const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(count, block.size()));
      const std::size_t got = body.read(MutableByteView(block).first(want));
      if (got == 0) break;
      count -= got;
    }
  }

  Place place_;
  oci::Descriptor blob_;
  std::string subject_;
  CancelToken cancel_;
  net::Retry retry_;
  std::uint64_t offset_ = 0;
  std::unique_ptr<net::Body> body_;
};

class VerifiedStream final : public io::ByteStream {
 public:
  VerifiedStream(const Place& place, const oci::Descriptor& blob, const CancelToken& cancel)
      : raw_(place, blob, cancel), verified_(raw_, blob.digest, blob.size, subject_of(place, blob)) {}
  std::size_t read(MutableByteView out) override { return verified_.read(out); }

 private:
  ResumingStream raw_;
  io::VerifyStream verified_;
};

}  // namespace

bool has_blob(const Place& place, const oci::Descriptor& blob, const CancelToken& cancel) {
  Call call;
  call.method = "HEAD";
  call.path = place.path("blobs/" + blob.digest.to_string());
  call.scopes = place.pull();
  call.subject = subject_of(place, blob);
  return place.host->send(call, {200, 404}, cancel).status == 200;
}

std::unique_ptr<io::ByteStream> open_blob(const Place& place, const oci::Descriptor& blob, const CancelToken& cancel) {
  return std::make_unique<VerifiedStream>(place, blob, cancel);
}

}  // namespace accel::registry
