#include "accel/convert/image_layer.hpp"

#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/convert/blob_sink.hpp"
#include "accel/convert/error_context.hpp"
#include "accel/crypt/ocicrypt.hpp"
#include "accel/io/sink.hpp"
#include "accel/oci/json.hpp"

namespace accel::convert {

namespace {

/// Holds a small blob until it is whole, so that one which the repository has is not sent again. A larger one goes out
/// as it comes.
class HeldBlob final : public io::ByteSink {
 public:
  HeldBlob(oci::Repository& repository, std::size_t held_bytes, Tally& tally, const CancelToken& cancel,
           std::function<void(std::uint64_t written)> on_write)
      : repository_(repository),
        held_bytes_(held_bytes),
        tally_(tally),
        cancel_(cancel),
        on_write_(std::move(on_write)) {}

  void write(ByteView bytes) override {
    if (!sink_ && held_.size() + bytes.size() <= held_bytes_) return held_.append(bytes);
    if (!sink_) {
      sink_.emplace(repository_.create_blob(0, cancel_), tally_, on_write_);
      sink_->write(held_.view());
      held_ = Buffer();
    }
    sink_->write(bytes);
  }

  oci::Descriptor commit() {
    if (sink_) return sink_->commit();
    const oci::Descriptor blob = oci::describe("", as_text(held_.view()));
    put_blob(repository_, blob, held_.view(), tally_, cancel_);
    return blob;
  }

 private:
  oci::Repository& repository_;
  const std::size_t held_bytes_;
  Tally& tally_;
  const CancelToken& cancel_;
  const std::function<void(std::uint64_t)> on_write_;
  Buffer held_;
  std::optional<BlobSink> sink_;
};

}  // namespace

formats::ConvertedImage collect_layers(const ImageNode& image, const std::string& reference, const Plan& plan,
                                       const std::vector<ConvertedLayer>& layers) {
  formats::ConvertedImage converted{image.descriptor.digest, reference, {}};
  for (const oci::Descriptor& source : image.manifest.layers) {
    const ConvertedLayer& layer = layers[plan.find(source)];
    converted.layers.push_back({source, layer.blob, layer.result.part});
  }
  return converted;
}

MadeImageLayer make_image_layer(const ImageNode& image, const std::string& reference, const Plan& plan,
                                const std::vector<ConvertedLayer>& layers, const LayerTarget& target,
                                const crypt::Recipients& recipients, const LayerContext& context,
                                const CancelToken& cancel) {
  MadeImageLayer made;
  std::mutex notes_mutex;
  formats::EncodeContext encode{context.pool, context.budget, cancel};
  encode.note = [&](std::string text) {
    const std::lock_guard lock(notes_mutex);
    made.notes.push_back(std::move(text));
  };
  encode.temp_dir = context.environment.temp_dir;
  const std::string id = image.descriptor.digest.to_string() + "@" + target.plan->driver;
  context.job.reporter.event("push", id, ProgressState::started);
  HeldBlob sink(
      *target.repository, context.environment.registry.upload_chunk_bytes, context.job.tally, cancel,
      [&](std::uint64_t written) { context.job.reporter.event("push", id, ProgressState::running, written); });
  crypt::Annotations keys;
  {
    const BusyClock::Scope busy(&context.job.tally.convert);
    const formats::ConvertedImage converted = collect_layers(image, reference, plan, layers);
    if (recipients.empty()) {
      made.result = target.plan->format->encode_image(converted, sink, encode);
    } else {
      crypt::LayerEncryptor encryptor(sink);
      made.result = target.plan->format->encode_image(converted, encryptor, encode);
      keys = encryptor.finish(recipients);
      made.result.layer.media_type = crypt::encrypted_media_type(made.result.layer.media_type);
    }
  }
  made.descriptor = sink.commit();
  made.descriptor.media_type = made.result.layer.media_type;
  made.descriptor.annotations = made.result.layer.annotations;
  made.descriptor.annotations.merge(keys);
  context.job.reporter.event("push", id, ProgressState::done, made.descriptor.size, made.descriptor.size);
  return made;
}

void verify_whole_image(const ImageNode& image, LayerOpener& opener, const CancelToken& cancel) {
  const auto reader = opener.open_image(image.manifest.layers);
  if (!reader) throw FormatError("its layers claim to be converted, but the image they make is of no known format");
  formats::IgnoreEntries ignore;
  reader->verify(ignore, image.config.diff_ids.back(), cancel);
}

}  // namespace accel::convert
