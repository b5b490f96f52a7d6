#include "accel/convert/image_writer.hpp"

#include <set>
#include <utility>

#include "accel/base/parallel.hpp"
#include "accel/convert/blob_sink.hpp"
#include "accel/convert/blob_transfer.hpp"
#include "accel/convert/error_context.hpp"
#include "accel/formats/estargz/external_toc.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::convert {

namespace {

constexpr std::size_t kParallelBlobs = 2;      // each reads and writes with up to one upload chunk in memory
constexpr std::size_t kParallelDocuments = 4;  // small: latency counts

void put_document(oci::Repository& target, const oci::RawManifest& document, const std::string& tag, JobState& job,
                  const CancelToken& cancel) {
  with_context("write manifest " + document.descriptor.digest.short_string() + " to " + target.name(), [&] {
    const BusyClock::Scope busy(&job.tally.push);
    target.put_manifest(document, tag, cancel);
    if (tag.empty()) job.tally.written += document.bytes.size();  // a tag sends the same document again
    job.tally.uploaded += document.bytes.size();
  });
}

bool stands(oci::Repository& target, const oci::Digest& digest, const std::string& tag, const CancelToken& cancel) {
  const auto found = target.stat_manifest(tag, cancel);
  return found && found->digest == digest;
}

}  // namespace

PendingTag write_image(const TargetImage& image, const std::string& tag, const std::string& driver, bool may_stand,
                       oci::Repository& source, oci::Repository& target, JobState& job, const CancelToken& cancel) {
  run_parallel(image.taken_over.size(), kParallelBlobs, cancel, [&](std::size_t i, const CancelToken& token) {
    const oci::Descriptor& blob = image.taken_over[i];
    with_blob_context(blob.digest,
                      [&] { transfer_blob(blob, source, target, job, blob.digest.to_string() + "@" + driver, token); });
  });
  run_parallel(image.configs.size(), kParallelDocuments, cancel, [&](std::size_t i, const CancelToken& token) {
    const NewBlob& config = image.configs[i];
    with_context("config " + config.descriptor.digest.short_string(),
                 [&] { put_blob(target, config.descriptor, as_bytes(config.bytes), job.tally, token); });
  });
  if (may_stand && stands(target, image.root.digest, tag, cancel)) return {&target, image.root_document(), tag, true};
  run_parallel(image.manifests.size(), kParallelDocuments, cancel, [&](std::size_t i, const CancelToken& token) {
    put_document(target, image.manifests[i], "", job, token);
  });
  for (const oci::RawManifest& index : image.indexes) put_document(target, index, "", job, cancel);
  return {&target, image.root_document(), tag};
}

PendingTag write_toc_image(const std::vector<ConvertedLayer>& layers, const std::string& tag, bool may_stand,
                           oci::Repository& target, JobState& job, const CancelToken& cancel) {
  std::vector<formats::estargz::ExternalToc> tocs;
  for (const ConvertedLayer& layer : layers) {
    if (layer.external_toc) tocs.push_back({layer.blob.digest, *layer.external_toc});
  }
  const oci::Manifest manifest = formats::estargz::make_toc_manifest(std::move(tocs));
  put_blob(target, manifest.config, as_bytes(formats::estargz::kTocImageConfig), job.tally, cancel);
  oci::RawManifest document;
  document.bytes = oci::to_json(manifest);
  document.descriptor = oci::describe(oci::kOciManifest, document.bytes);
  PendingTag pending{&target, std::move(document), formats::estargz::toc_image_tag(tag)};
  pending.is_set = may_stand && stands(target, pending.document.descriptor.digest, pending.tag, cancel);
  if (!pending.is_set) put_document(target, pending.document, "", job, cancel);
  return pending;
}

void write_tags(const std::vector<PendingTag>& tags, JobState& job, const CancelToken& cancel) {
  for (const PendingTag& pending : tags) {
    if (pending.is_set) continue;
    with_context("tag '" + pending.tag + "'",
                 [&] { put_document(*pending.repository, pending.document, pending.tag, job, cancel); });
  }
  std::set<oci::Repository*> finished;
  for (const PendingTag& pending : tags) {
    if (finished.insert(pending.repository).second) pending.repository->finish();
  }
}

}  // namespace accel::convert
