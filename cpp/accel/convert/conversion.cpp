#include "accel/convert/conversion.hpp"

#include <algorithm>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/convert/assembler.hpp"
#include "accel/convert/blob_transfer.hpp"
#include "accel/convert/check_images.hpp"
#include "accel/convert/dictionary.hpp"
#include "accel/convert/error_context.hpp"
#include "accel/convert/image_layer.hpp"
#include "accel/convert/image_writer.hpp"
#include "accel/convert/layer_keeper.hpp"
#include "accel/convert/layer_pipeline.hpp"
#include "accel/convert/limits.hpp"
#include "accel/convert/parallel.hpp"
#include "accel/convert/planner.hpp"
#include "accel/convert/written_again.hpp"
#include "accel/crypt/keys.hpp"
#include "accel/formats/all_formats.hpp"

namespace accel::convert {

namespace {

/// Results of one target: one a planned layer.
using LayerResults = std::vector<ConvertedLayer>;

class Conversion {
 public:
  Conversion(const ConvertRequest& request, const OpenImage& source, const std::vector<OpenImage>& targets,
             const Environment& environment, const ImageOpener& open)
      : request_(request),
        source_(source),
        targets_(targets),
        environment_(environment),
        open_(open),
        cancel_(environment.cancel),
        job_{{}, Reporter(*environment.progress, source.reference)} {}

  ConvertReport run() {
    const auto start = std::chrono::steady_clock::now();
    image_ = read_image(*source_.repository, source_.tag, request_.platforms, cancel_);
    plan_ = make_plan(image_, request_, open_formats(), *source_.repository, cancel_);
    ConvertReport report;
    report.source_reference = source_.reference;
    report.source_digest = image_.root.descriptor.digest.to_string();
    report.source_size = image_size(image_);
    if (request_.dry_run) {
      for (std::size_t t = 0; t < targets_.size(); ++t) report.targets.push_back(dry_report(t));
    } else {
      write_targets(report);
    }
    fill_counters(report, job_.tally, std::chrono::steady_clock::now() - start);
    return report;
  }

 private:
  /// The formats of the request, ready to encode.
  std::vector<std::shared_ptr<const formats::Format>> open_formats() {
    std::vector<std::shared_ptr<const formats::Format>> formats;
    for (const auto& format : make_formats(request_)) {
      dictionaries_.emplace_back();
      const formats::ImageOptions wanted = format->image_options();
      backends_.push_back(wanted.backend_type.empty() ? nullptr : open_backend(wanted));
      recipients_.emplace_back();
      if (!wanted.encrypt_recipients.empty()) recipients_.back() = crypt::Recipients::load(wanted.encrypt_recipients);
      if (request_.verify && !recipients_.back().empty()) {
        throw ConfigError("an image that is encrypted for others cannot be verified",
                          "leave out either verify or encrypt_recipients");
      }
      if (const std::string location = format->dictionary_image(); !location.empty()) {
        dictionaries_.back() = open_(location);
        load_dictionary(*format, dictionaries_.back(), request_.platforms, environment_, job_);
      }
      formats.push_back(format);
    }
    return formats;
  }

  [[nodiscard]] std::shared_ptr<backend::BlobBackend> open_backend(const formats::ImageOptions& wanted) const {
    backend::Options options;
    options.log = environment_.log;
    return backend::make_backend(wanted.backend_type, wanted.backend_config, wanted.backend_force_push, options);
  }

  void write_targets(ConvertReport& report) {
    const std::size_t jobs = environment_.jobs > 0 ? environment_.jobs : ThreadPool::available_cores();
    const Limits limits = plan_limits(jobs, environment_.memory_bytes, environment_.registry.upload_chunk_bytes,
                                      environment_.registry.max_connections, targets_.size(), plan_.layers.size());
    MemoryBudget budget(limits.encoder_bytes);
    ThreadPool pool(jobs);
    const LayerContext context{environment_, job_, pool, budget};
    const std::vector<LayerResults> layers = convert_layers(context, limits.layers);
    for (std::size_t t = 0; t < targets_.size(); ++t) report.targets.push_back(write_target(t, layers[t], context));
    write_tags(tags_, job_, cancel_);
  }

  std::vector<LayerResults> convert_layers(const LayerContext& context, std::size_t side_by_side) {
    std::vector<LayerResults> results(targets_.size(), LayerResults(plan_.layers.size()));
    std::vector<std::uint64_t> sizes;
    for (const PlannedLayer& layer : plan_.layers) sizes.push_back(layer.source.size);
    const WorkOrder order = largest_first(sizes);
    job_.reporter.begin(image_.root.descriptor.digest.to_string(), plan_.layers.size(), order.bytes);
    run_parallel(order.pieces.size(), side_by_side, cancel_, [&](std::size_t i, const CancelToken& token) {
      const std::size_t piece = order.pieces[i];
      const PlannedLayer& layer = plan_.layers[piece];
      try {
        with_context(layer.platforms, [&] {
          with_layer_context(layer.source.digest, [&] { convert_one(piece, results, context, token); });
        });
      } catch (...) {
        job_.reporter.event("convert", layer.source.digest.to_string(), ProgressState::failed);
        throw;
      }
    });
    return results;
  }

  void convert_one(std::size_t index, std::vector<LayerResults>& results, const LayerContext& context,
                   const CancelToken& cancel) {
    const PlannedLayer& layer = plan_.layers[index];
    LayerOpener opener(*source_.repository, source_.toc_image, environment_.decode_limits, job_, cancel);
    std::vector<std::size_t> wanted;  // targets that the pipeline feeds
    for (std::size_t t = 0; t < targets_.size(); ++t) {
      ConvertedLayer& result = results[t][index];
      result.action = layer.actions[t];
      if (result.action == LayerAction::keep && is_part_of_image(t)) {
        result.blob = layer.source;  // verified with the whole image, in image_layers_of
      } else if (result.action == LayerAction::keep) {
        result = try_keep_layer(layer, *source_.repository, lane_of(t), opener, job_, cancel);
      }
      if (result.action == LayerAction::convert) wanted.push_back(t);
    }
    if (wanted.empty()) return;
    std::vector<LayerTarget> lanes;
    for (const std::size_t t : wanted) lanes.push_back(lane_of(t));
    std::vector<ConvertedLayer> converted =
        written_again([&] { return convert_layer(layer, *source_.repository, lanes, context, cancel); });
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      ConvertedLayer& result = results[wanted[i]][index];
      std::move(result.notes.begin(), result.notes.end(), std::back_inserter(converted[i].notes));
      result = std::move(converted[i]);
      if (result.result.refers_to_source) take_blob(wanted[i], layer.source, *source_.repository, cancel);
    }
  }

  /// Sees to it that `blob` of `from` is where the layers of target `t` are.
  void take_blob(std::size_t t, const oci::Descriptor& blob, oci::Repository& from, const CancelToken& cancel) {
    const std::string id = blob.digest.to_string() + "@" + plan_.targets[t].driver;
    if (!backends_[t]) {
      transfer_blob(blob, from, *targets_[t].repository, job_, id, cancel);
    } else if (!backends_[t]->has_blob(blob.digest, blob.size, cancel)) {
      copy_blob(blob, from, *backends_[t], job_, id, cancel);
    }
  }

  /// Stores the documents of target `t`, checks the result if asked to, and leaves its tags to be written.
  TargetReport write_target(std::size_t t, const LayerResults& layers, const LayerContext& context) {
    const PlannedTarget& planned = plan_.targets[t];
    const OpenImage& target = targets_[t];
    return with_context("target " + target.reference, [&] {
      const ImageLayers image_layers = image_layers_of(t, layers, context);
      AssembleOptions options;
      options.harbor_annotation = request_.harbor_annotation;
      options.image_layers = &image_layers;
      TargetImage image = assemble(image_, plan_, t, layers, options);
      std::string toc_image;
      if (std::any_of(layers.begin(), layers.end(), [](const auto& layer) { return layer.external_toc.has_value(); })) {
        tags_.push_back(write_toc_image(layers, target.tag, *target.repository, job_, cancel_));
        toc_image = tags_.back().document.descriptor.digest.to_string();
      }
      const std::string suffix = planned.format->capabilities().twin_tag_suffix;
      if (!suffix.empty()) {
        options.twin = true;
        const TargetImage twin = assemble(image_, plan_, t, layers, options);
        tags_.push_back(write_image(twin, target.tag + suffix, planned.driver, *source_.repository, *target.repository,
                                    job_, cancel_));
      }
      tags_.push_back(
          write_image(image, target.tag, planned.driver, *source_.repository, *target.repository, job_, cancel_));
      if (request_.verify) verify(t, image, toc_image);
      TargetReport report = make_report(t, std::move(image), layers);
      for (const auto& [node, made] : image_layers) {
        report.notes.insert(report.notes.end(), made.notes.begin(), made.notes.end());
      }
      return report;
    });
  }

  /// True when the format makes a layer of its own for each image.
  [[nodiscard]] bool is_part_of_image(std::size_t t) const {
    return plan_.targets[t].format->capabilities().image_layer;
  }

  /// The own layers of all images of target `t`, stored; none for those that are taken over as they are.
  ImageLayers image_layers_of(std::size_t t, const LayerResults& layers, const LayerContext& context) {
    ImageLayers made;
    if (!is_part_of_image(t)) return made;
    for (const ImageNode* node : image_.images()) {
      const auto& source_layers = node->manifest.layers;
      const bool taken_over =
          !source_layers.empty() && layers[plan_.find(source_layers.front())].action == LayerAction::keep;
      with_context(node->platform.to_string(), [&] {
        if (taken_over) {
          LayerOpener opener(*source_.repository, "", environment_.decode_limits, job_, cancel_);
          verify_whole_image(*node, opener, cancel_);
          return;
        }
        MadeImageLayer layer =
            make_image_layer(*node, source_.reference, plan_, layers, lane_of(t), recipients_[t], context, cancel_);
        for (const oci::Descriptor& blob : layer.result.foreign_blobs) take_from_dictionary(t, blob);
        made.emplace(node, std::move(layer));
      });
    }
    return made;
  }

  /// Sees to it that a blob of the dictionary is where the image's own blobs are.
  void take_from_dictionary(std::size_t t, const oci::Descriptor& blob) {
    with_context("blob of the dictionary", [&] { take_blob(t, blob, *dictionaries_[t].repository, cancel_); });
  }

  void verify(std::size_t t, const TargetImage& image, const std::string& toc_image) {
    OpenImage written = targets_[t];
    written.backend = backends_[t];
    written.tag = image.root.digest.to_string();
    written.toc_image = toc_image;
    OpenImage original = source_;
    original.tag = image_.root.descriptor.digest.to_string();
    original.as_tars = true;  // as the conversion did: wrong claims of the source are not the result's fault
    const CheckReport check = check_images(original, written, request_.platforms, environment_, job_);
    if (check.equal()) return;
    const Difference& first = check.differences.front();
    throw FormatError("the result differs from its source in " + std::to_string(check.differences.size()) +
                          " places, the first being " + first.path + " (" + first.field + ": " + first.source +
                          " against " + first.target + ")",
                      "no tag was written; keep the source and report this");
  }

  TargetReport make_report(std::size_t t, TargetImage image, const LayerResults& layers) const {
    TargetReport report = blank_report(t);
    report.digest = image.root.digest.to_string();
    report.media_type = image.root.media_type;
    report.size = image.size;
    report.layers = std::move(image.layers);
    report.skipped = image.unchanged;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      for (const std::string& note : layers[i].notes) {
        report.notes.push_back("layer " + plan_.layers[i].source.digest.short_string() + " " + note);
      }
    }
    if (image.unchanged)
      report.notes.push_back("the source already is " + report.driver + "; it is taken over as it is");
    return report;
  }

  TargetReport dry_report(std::size_t t) const {
    TargetReport report = blank_report(t);
    report.skipped = true;
    for (const ImageNode* node : image_.images()) {
      for (const oci::Descriptor& layer : node->manifest.layers) {
        const bool cached = plan_.layers[plan_.find(layer)].actions[t] != LayerAction::convert;
        const std::string digest = layer.digest.to_string();
        report.layers.push_back(
            {node->platform.to_string(), digest, cached ? digest : "", layer.size, cached ? layer.size : 0, cached});
      }
    }
    return report;
  }

  TargetReport blank_report(std::size_t t) const {
    TargetReport report;
    report.driver = plan_.targets[t].driver;
    report.reference = targets_[t].reference;
    report.notes = image_.notes;
    const std::vector<std::string>& notes = plan_.targets[t].notes;
    report.notes.insert(report.notes.end(), notes.begin(), notes.end());
    return report;
  }

  LayerTarget lane_of(std::size_t t) const {
    return {&plan_.targets[t], targets_[t].repository.get(), backends_[t].get()};
  }

  const ConvertRequest& request_;
  const OpenImage& source_;
  const std::vector<OpenImage>& targets_;
  const Environment& environment_;
  const ImageOpener& open_;
  const CancelToken cancel_;
  JobState job_;
  // By target, null where there is none.
  std::vector<OpenImage> dictionaries_;
  std::vector<std::shared_ptr<backend::BlobBackend>> backends_;
  std::vector<crypt::Recipients> recipients_;
  Image image_;
  Plan plan_;
  std::vector<PendingTag> tags_;
};

}  // namespace

void fill_counters(ConvertReport& report, const Tally& tally, std::chrono::steady_clock::duration total) {
  report.total = total;
  report.pull = tally.pull.total();
  report.convert = tally.convert.total();
  report.push = tally.push.total();
  report.bytes_read = tally.read;
  report.bytes_written = tally.written;
  report.bytes_uploaded = tally.uploaded;
  report.bytes_mounted = tally.mounted;
}

std::vector<std::shared_ptr<formats::Format>> make_formats(const ConvertRequest& request) {
  std::vector<std::shared_ptr<formats::Format>> formats;
  for (const TargetRequest& target : request.targets) {
    formats.push_back(formats::make_format(target.driver, target.options));
  }
  return formats;
}

ConvertReport convert_image(const ConvertRequest& request, const OpenImage& source,
                            const std::vector<OpenImage>& targets, const Environment& environment,
                            const ImageOpener& open) {
  return Conversion(request, source, targets, environment, open).run();
}

}  // namespace accel::convert
