#include "accel/convert/make_dictionary.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/base/parallel.hpp"
#include "accel/convert/blob_sink.hpp"
#include "accel/convert/blob_transfer.hpp"
#include "accel/convert/decoded_layer.hpp"
#include "accel/convert/error_context.hpp"
#include "accel/convert/image.hpp"
#include "accel/convert/image_writer.hpp"
#include "accel/convert/layer_opener.hpp"
#include "accel/convert/limits.hpp"
#include "accel/formats/all_formats.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::convert {

namespace {

constexpr std::size_t kParallelBlobs = 2;  // as image_writer: each has up to one upload chunk in memory

class Making {
 public:
  Making(const DictionaryRequest& request, const OpenImage& target, const Environment& environment)
      : request_(request),
        target_(target),
        environment_(environment),
        cancel_(environment.cancel),
        job_{{}, Reporter(*environment.progress, target.reference)},
        format_(formats::make_format(request.driver, request.options)),
        builder_(format_->make_dictionary()) {}

  void add(const OpenImage& source) {
    with_image_context("image " + source.reference, [&] {
      const Image image = read_image(*source.repository, source.tag, request_.platforms, cancel_);
      report_.notes.insert(report_.notes.end(), image.notes.begin(), image.notes.end());
      for (const ImageNode* node : image.images()) {
        with_context(node->platform.to_string(), [&] { add_image(*node, source); });
      }
    });
  }

  DictionaryReport finish(std::chrono::steady_clock::time_point start) {
    const oci::Descriptor own = write_own_layer();
    take_blobs();
    write_documents(own);
    report_.reference = target_.reference;
    report_.total = std::chrono::steady_clock::now() - start;
    report_.bytes_read += job_.tally.read;
    report_.bytes_uploaded += job_.tally.uploaded;
    report_.bytes_mounted += job_.tally.mounted;
    return std::move(report_);
  }

 private:
  void add_image(const ImageNode& node, const OpenImage& source) {
    if (platform_.os.empty()) platform_ = node.platform;
    refuse_encrypted(node);
    if (!seen_.insert(node.descriptor.digest).second) return;
    LayerOpener opener(*source.repository, "", environment_.decode_limits, job_, cancel_);
    const bool converted = opener.open_image(node.manifest.layers) != nullptr;
    if (converted) {
      add_stored(node, source);
    } else {
      add_ordinary(node, source);
    }
    report_.images.push_back(
        {source.reference, node.descriptor.digest.to_string(), node.platform.to_string(), !converted});
  }

  void add_stored(const ImageNode& node, const OpenImage& source) {
    const std::vector<oci::Descriptor>& layers = node.manifest.layers;
    CancelSource stop(cancel_);
    with_layer_context(layers.back().digest, [&] {
      DecodedLayer tar(layers.back(), *source.repository, environment_.decode_limits, job_, stop);
      builder_->add_stored(node.descriptor.digest, tar, layers, stop.token());
      tar.verify(node.config.diff_ids.back());
    });
    for (const oci::Descriptor& layer : layers) origins_.emplace(layer.digest, source.repository);
  }

  void add_ordinary(const ImageNode& node, const OpenImage& source) {
    ConvertRequest request;
    request.source = request_.target;
    request.targets = {{request_.driver, request_.options, request_.target}};
    OpenImage image = source;
    image.tag = node.descriptor.digest.to_string();
    const ConvertReport counted =
        convert_layers_only(request, image, target_, environment_, converted_,
                            [&](const formats::ConvertedImage& made) { builder_->add_converted(made); });
    report_.bytes_read += counted.bytes_read;
    report_.bytes_uploaded += counted.bytes_uploaded;
    report_.bytes_mounted += counted.bytes_mounted;
  }

  oci::Descriptor write_own_layer() {
    ThreadPool pool(worker_threads(environment_));
    MemoryBudget budget(environment_.memory_bytes);
    BlobSink sink(target_.repository->create_blob(0, cancel_), job_.tally);
    made_ = builder_->finish(sink, {pool, budget, cancel_});
    oci::Descriptor own = sink.commit();
    own.media_type = made_.layer.media_type;
    own.annotations = made_.layer.annotations;
    return own;
  }

  /// The blobs that are left, each once, into the target. Those of images converted here are there.
  void take_blobs() {
    const formats::ForeignBlobs& blobs = made_.foreign_blobs;
    std::vector<std::uint64_t> sizes;
    for (const oci::Descriptor& blob : blobs) sizes.push_back(blob.size);
    const WorkOrder order = largest_first(sizes);
    job_.reporter.begin(target_.reference, blobs.size(), order.bytes);
    run_parallel(blobs.size(), kParallelBlobs, cancel_, [&](std::size_t i, const CancelToken& token) {
      const oci::Descriptor& blob = blobs[order.pieces[i]];
      const auto origin = origins_.find(blob.digest);
      if (origin == origins_.end()) return;
      with_blob_context(blob.digest, [&] {
        transfer_blob(blob, *origin->second, *target_.repository, job_, blob.digest.to_string(), token);
      });
    });
  }

  void write_documents(const oci::Descriptor& own) {
    oci::ImageConfig config;
    config.platform = platform_;
    oci::Manifest manifest;
    manifest.media_type = oci::kOciManifest;
    manifest.annotations = made_.manifest_annotations;
    for (const oci::Descriptor& blob : made_.foreign_blobs) {
      manifest.layers.push_back(blob);
      config.diff_ids.push_back(blob.digest);
      report_.size += blob.size;
    }
    report_.blobs = manifest.layers.size();
    manifest.layers.push_back(own);
    config.diff_ids.push_back(made_.layer.diff_id);
    TargetImage image;
    NewBlob document;
    document.bytes = oci::to_json(config, false);
    document.descriptor = oci::describe(oci::kOciConfig, document.bytes);
    manifest.config = document.descriptor;
    image.configs.push_back(std::move(document));
    oci::RawManifest raw;
    raw.bytes = oci::to_json(manifest);
    raw.descriptor = oci::describe(oci::kOciManifest, raw.bytes);
    report_.digest = raw.descriptor.digest.to_string();
    report_.media_type = raw.descriptor.media_type;
    report_.size += own.size + manifest.config.size + raw.descriptor.size;
    image.manifests.push_back(std::move(raw));
    oci::Repository& repository = *target_.repository;
    write_tags({write_image(image, target_.tag, request_.driver, false, repository, repository, job_, cancel_)}, job_,
               cancel_);
  }

  const DictionaryRequest& request_;
  const OpenImage& target_;
  const Environment& environment_;
  const CancelToken cancel_;
  JobState job_;
  const std::unique_ptr<formats::Format> format_;
  const std::unique_ptr<formats::DictionaryBuilder> builder_;
  std::set<hash::Digest> seen_;
  std::map<hash::Digest, std::shared_ptr<oci::Repository>> origins_;  // of blobs that are not in the target yet
  ConvertedLayers converted_;
  oci::Platform platform_;
  formats::ImageResult made_;
  DictionaryReport report_;
};

}  // namespace

DictionaryReport make_dictionary_image(const DictionaryRequest& request, const std::vector<OpenImage>& sources,
                                       const OpenImage& target, const Environment& environment) {
  const auto start = std::chrono::steady_clock::now();
  Making making(request, target, environment);
  for (const OpenImage& source : sources) making.add(source);
  return making.finish(start);
}

}  // namespace accel::convert
