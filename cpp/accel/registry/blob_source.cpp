#include "accel/registry/blob_source.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/net/redact.hpp"
#include "accel/registry/content_range.hpp"

namespace accel::registry {

namespace {

class BlobSource final : public io::ByteSource {
 public:
  BlobSource(Place place, oci::Descriptor blob, CancelToken cancel)
      : place_(std::move(place)),
        blob_(std::move(blob)),
        subject_("blob " + blob_.digest.short_string() + " of " + place_.name()),
        cancel_(std::move(cancel)) {}

  [[nodiscard]] std::uint64_t size() const override { return blob_.size; }

  void read_at(std::uint64_t offset, MutableByteView out) override {
    if (offset > blob_.size || out.size() > blob_.size - offset) {
      throw FormatError("range of " + std::to_string(out.size()) + " bytes at " + std::to_string(offset) +
                            " is outside the blob of " + std::to_string(blob_.size) + " bytes",
                        {blob_.digest.to_string(), "", offset});
    }
    if (out.empty()) return;
    net::Retry retry(place_.host->retry_policy(), place_.host->services().retry, "GET " + subject_, cancel_);
    std::size_t done = 0;  // what arrived before a transfer broke is kept
    while (done < out.size()) {
      cancel_.check();
      const std::size_t before = done;
      try {
        fetch(offset + done, out.subspan(done), done);
      } catch (const RegistryError& error) {
        retry.made_progress(done - before);
        retry.wait_or_rethrow(error);
      }
    }
  }

 private:
  void fetch(std::uint64_t offset, MutableByteView out, std::size_t& done) {
    Answer answer = ask(offset, offset + out.size() - 1);
    std::uint64_t skip = 0;
    if (answer.status == 206) {
      const auto range = parse_content_range(answer.headers.get("Content-Range"));
      if (!range || range->first != offset) {
        RegistryError::Fields fields;
        fields.status = answer.status;
        fields.url = net::redact(answer.url);
        throw RegistryError(subject_ + ": asked for bytes from " + std::to_string(offset) + ", got Content-Range \"" +
                                std::string(answer.headers.get("Content-Range")) + "\"",
                            std::move(fields), kWrongRangeHint);
      }
    } else {
      skip = offset;  // the server ignores Range: slow, but right
    }
    Bytes dropped(static_cast<std::size_t>(std::min<std::uint64_t>(skip, 256U << 10U)));
    while (skip > 0) {
      const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(skip, dropped.size()));
      const std::size_t count = answer.body->read(MutableByteView(dropped).first(want));
      if (count == 0) fail_short(answer);
      skip -= count;
    }
    while (!out.empty()) {
      const std::size_t count = answer.body->read(out);
      if (count == 0) fail_short(answer);
      out = out.subspan(count);
      done += count;
    }
    // Lets a body of exactly this range reach its end, so that its connection is kept.
    std::byte beyond{};
    if (answer.status == 206) answer.body->read({&beyond, 1});
  }

  [[noreturn]] void fail_short(const Answer& answer) const {
    RegistryError::Fields fields;
    fields.status = answer.status;
    fields.url = net::redact(answer.url);
    throw RegistryError(subject_ + ": the registry's copy is shorter than " + std::to_string(blob_.size) + " bytes",
                        std::move(fields), kWrongSizeHint);
  }

  Answer ask(std::uint64_t first, std::uint64_t last) {
    Call call;
    call.headers.add("Range", range_value(first, last));
    call.scopes = place_.pull();
    call.subject = subject_;
    call.absent = kAbsentBlobHint;
    std::optional<Remembered> known;
    {
      const std::lock_guard lock(mutex_);
      known = remembered_;
    }
    if (known) {
      call.url = known->url;
      try {
        return known->host->send_once(call, {200, 206}, cancel_);
      } catch (const RegistryError&) {
        // A signed address that expired, or a storage host that is gone: the registry knows the new one.
        const std::lock_guard lock(mutex_);
        remembered_.reset();
      }
    }
    call.url.reset();
    call.path = place_.path("blobs/" + blob_.digest.to_string());
    return read_from_any(place_, [&](Host& host) {
      Answer answer = host.send_once(call, {200, 206}, cancel_);  // the retries are read_at's
      const std::lock_guard lock(mutex_);
      remembered_ = Remembered{find(host), answer.url};
      return answer;
    });
  }

  std::shared_ptr<Host> find(const Host& host) const {
    for (const auto& mirror : place_.mirrors) {
      if (mirror.get() == &host) return mirror;
    }
    return place_.host;
  }

  struct Remembered {
    std::shared_ptr<Host> host;
    net::Url url;
  };

  Place place_;
  oci::Descriptor blob_;
  std::string subject_;
  CancelToken cancel_;
  std::mutex mutex_;
  std::optional<Remembered> remembered_;
};

}  // namespace

std::unique_ptr<io::ByteSource> make_blob_source(const Place& place, const oci::Descriptor& blob,
                                                 const CancelToken& cancel) {
  return std::make_unique<BlobSource>(place, blob, cancel);
}

}  // namespace accel::registry
