#include "accel/convert/image_layer.hpp"

#include <mutex>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/convert/blob_sink.hpp"
#include "accel/convert/error_context.hpp"
#include "accel/crypt/ocicrypt.hpp"

namespace accel::convert {

namespace {

formats::ConvertedImage collect(const ImageNode& image, const std::string& reference, const Plan& plan,
                                const std::vector<ConvertedLayer>& layers) {
  formats::ConvertedImage converted{image.descriptor.digest, reference, {}};
  for (const oci::Descriptor& source : image.manifest.layers) {
    const ConvertedLayer& layer = layers[plan.find(source)];
    converted.layers.push_back({source, layer.blob, layer.result.part});
  }
  return converted;
}

}  // namespace

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
  BlobSink sink(target.repository->create_blob(0, cancel), context.job.tally, [&](std::uint64_t written) {
    context.job.reporter.event("push", id, ProgressState::running, written);
  });
  crypt::Annotations keys;
  {
    const BusyClock::Scope busy(&context.job.tally.convert);
    const formats::ConvertedImage converted = collect(image, reference, plan, layers);
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
