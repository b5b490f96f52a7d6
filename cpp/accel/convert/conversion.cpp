#include "accel/convert/conversion.hpp"

#include <algorithm>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/base/parallel.hpp"
#include "accel/convert/assembler.hpp"
#include "accel/convert/blob_transfer.hpp"
#include "accel/convert/check_images.hpp"
#include "accel/convert/dictionary.hpp"
#include "accel/convert/error_context.hpp"
#include "accel/convert/image_layer.hpp"
#include "accel/convert/image_writer.hpp"
#include "accel/convert/layer_cache.hpp"
#include "accel/convert/layer_keeper.hpp"
#include "accel/convert/layer_pipeline.hpp"
#include "accel/convert/limits.hpp"
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
             const Environment& environment, const ImageOpener& open, LayerCache* cache)
      : request_(request),
        source_(source),
        targets_(targets),
        environment_(environment),
        open_(open),
        cache_(cache),
        cancel_(environment.cancel),
        job_{{}, Reporter(*environment.progress, source.reference)} {}

  ConvertReport run() {
    const auto start = std::chrono::steady_clock::now();
    read_documents();
    plan_ = make_plan(image_, request_, open_formats(), *source_.repository, cancel_);
    for (const PlannedTarget& target : plan_.targets) {
      const bool is_cacheable = cache_ != nullptr && uncacheable_because(*target.format).empty();
      fingerprints_.push_back(is_cacheable ? cache::fingerprint_of(target.format->fingerprint()) : hash::Digest());
    }
    ConvertReport report;
    report.source_reference = source_.reference;
    report.source_digest = image_.root.descriptor.digest.to_string();
    report.source_size = image_size(image_);
    if (request_.dry_run) {
      for (std::size_t t = 0; t < targets_.size(); ++t) report.targets.push_back(dry_report(t));
    } else {
      write_targets(report);
    }
    if (cache_ != nullptr) report.cache = cache_->report();
    fill_counters(report, job_.tally, std::chrono::steady_clock::now() - start);
    return report;
  }

  ConvertReport run_layers(ConvertedLayers& done,
                           const std::function<void(const formats::ConvertedImage& image)>& each) {
    const auto start = std::chrono::steady_clock::now();
    read_documents();
    plan_ = make_plan(image_, request_, open_formats(), *source_.repository, cancel_);
    std::vector<LayerResults> results(1, LayerResults(plan_.layers.size()));
    LayerResults& layers = results.front();
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const auto known = done.find(key_of(plan_.layers[i].source));
      if (known == done.end()) continue;
      layers[i] = known->second;
      layers[i].cached = true;
    }
    with_workers(
        [&](const LayerContext& context, std::size_t side_by_side) { convert_layers(results, context, side_by_side); });
    for (std::size_t i = 0; i < layers.size(); ++i) done.emplace(key_of(plan_.layers[i].source), layers[i]);
    for (const ImageNode* node : image_.images()) each(collect_layers(*node, source_.reference, plan_, layers));
    ConvertReport report;
    fill_counters(report, job_.tally, std::chrono::steady_clock::now() - start);
    return report;
  }

 private:
  /// Those of the source and of the cache, side by side.
  void read_documents() {
    run_parallel(cache_ != nullptr ? 2 : 1, 2, cancel_, [&](std::size_t i, const CancelToken& token) {
      if (i == 0) {
        image_ = read_image(*source_.repository, source_.tag, request_.platforms, token);
      } else {
        cache_->read(token);
      }
    });
  }

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

  /// Runs `work` with what layers are converted on, and how many of them at a time.
  void with_workers(const std::function<void(const LayerContext& context, std::size_t side_by_side)>& work) {
    const Limits limits = plan_limits(environment_, targets_.size(), plan_.layers.size());
    MemoryBudget budget(limits.encoder_bytes);
    ThreadPool pool(worker_threads(environment_));
    work({environment_, job_, pool, budget}, limits.layers);
  }

  void write_targets(ConvertReport& report) {
    with_workers([&](const LayerContext& context, std::size_t side_by_side) {
      std::vector<LayerResults> layers(targets_.size(), LayerResults(plan_.layers.size()));
      take_cached_layers(layers);
      convert_layers(layers, context, side_by_side);
      for (std::size_t t = 0; t < targets_.size(); ++t) report.targets.push_back(write_target(t, layers[t], context));
      if (request_.before_publish) request_.before_publish();
      write_tags(tags_, job_, cancel_);
      if (cache_ != nullptr) write_cache(layers);
    });
  }

  /// All that the cache knows, side by side: each waits for the network only.
  void take_cached_layers(std::vector<LayerResults>& results) {
    if (cache_ == nullptr) return;
    std::vector<std::pair<std::size_t, std::size_t>> wanted;  // target, layer
    for (std::size_t t = 0; t < targets_.size(); ++t) {
      for (std::size_t i = 0; i < plan_.layers.size(); ++i) {
        if (!fingerprints_[t].empty() && plan_.layers[i].actions[t] == LayerAction::convert) wanted.emplace_back(t, i);
      }
    }
    run_parallel(wanted.size(), environment_.registry.max_connections, cancel_,
                 [&](std::size_t piece, const CancelToken& token) {
                   const auto [t, i] = wanted[piece];
                   const PlannedLayer& layer = plan_.layers[i];
                   auto taken = cache_->take(layer, fingerprints_[t], lane_of(t), job_, token);
                   if (!taken) return;
                   results[t][i] = std::move(*taken);
                   with_layer_context(layer.source.digest, [&] { take_source(t, results[t][i], layer, token); });
                 });
  }

  void write_cache(const std::vector<LayerResults>& layers) {
    std::vector<LayerCache::Finished> finished;
    for (std::size_t t = 0; t < targets_.size(); ++t) {
      if (fingerprints_[t].empty()) continue;
      finished.push_back({&plan_.targets[t], targets_[t].repository.get(), fingerprints_[t], &layers[t]});
    }
    cache_->write(image_, plan_, finished, job_, cancel_);
  }

  /// True when some target's layer has yet to be converted or looked at.
  [[nodiscard]] bool has_work(const std::vector<LayerResults>& results, std::size_t layer) const {
    return std::any_of(results.begin(), results.end(), [&](const LayerResults& of) { return !of[layer].cached; });
  }

  void convert_layers(std::vector<LayerResults>& results, const LayerContext& context, std::size_t side_by_side) {
    std::vector<std::size_t> numbers;
    std::vector<std::uint64_t> sizes;
    for (std::size_t i = 0; i < plan_.layers.size(); ++i) {
      if (!has_work(results, i)) continue;
      numbers.push_back(i);
      sizes.push_back(plan_.layers[i].source.size);
    }
    const WorkOrder order = largest_first(sizes);
    job_.reporter.begin(image_.root.descriptor.digest.to_string(), numbers.size(), order.bytes);
    run_parallel(order.pieces.size(), side_by_side, cancel_, [&](std::size_t i, const CancelToken& token) {
      const std::size_t piece = numbers[order.pieces[i]];
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
  }

  void convert_one(std::size_t index, std::vector<LayerResults>& results, const LayerContext& context,
                   const CancelToken& cancel) {
    const PlannedLayer& layer = plan_.layers[index];
    LayerOpener opener(*source_.repository, source_.toc_image, environment_.decode_limits, job_, cancel);
    std::vector<std::size_t> wanted;  // targets that the pipeline feeds
    for (std::size_t t = 0; t < targets_.size(); ++t) {
      ConvertedLayer& result = results[t][index];
      if (result.cached) continue;
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
      take_source(wanted[i], result, layer, cancel);
    }
  }

  /// Sees to it that the source layer is where the converted one is, if readers need both.
  void take_source(std::size_t t, const ConvertedLayer& made, const PlannedLayer& layer, const CancelToken& cancel) {
    if (made.result.refers_to_source) take_blob(t, layer.source, *source_.repository, cancel);
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
      const bool may_stand =
          std::all_of(layers.begin(), layers.end(), [](const ConvertedLayer& layer) { return layer.cached; });
      TargetImage image = assemble(image_, plan_, t, layers, options);
      std::string toc_image;
      if (std::any_of(layers.begin(), layers.end(), [](const auto& layer) { return layer.external_toc.has_value(); })) {
        tags_.push_back(write_toc_image(layers, target.tag, may_stand, *target.repository, job_, cancel_));
        toc_image = tags_.back().document.descriptor.digest.to_string();
      }
      const std::string suffix = planned.format->capabilities().twin_tag_suffix;
      if (!suffix.empty()) {
        options.twin = true;
        const TargetImage twin = assemble(image_, plan_, t, layers, options);
        tags_.push_back(write_image(twin, target.tag + suffix, planned.driver, may_stand, *source_.repository,
                                    *target.repository, job_, cancel_));
      }
      tags_.push_back(write_image(image, target.tag, planned.driver, may_stand, *source_.repository, *target.repository,
                                  job_, cancel_));
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
          opener.use_backends(backends_[t] ? std::make_shared<Backends>(backends_[t]) : source_.backends);
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
    OpenImage original = source_;
    OpenImage written = targets_[t];
    if (backends_[t]) written.backends = original.backends = std::make_shared<Backends>(backends_[t]);
    written.tag = image.root.digest.to_string();
    written.toc_image = toc_image;
    written.is_result = true;
    original.tag = image_.root.descriptor.digest.to_string();
    original.as_tars = true;  // as the conversion did: wrong claims of the source are not the result's fault
    const CheckReport check = check_images(original, written, request_.platforms, environment_, job_);
    if (check.equal()) return;
    const Difference& first = check.differences.front();
    throw FormatError("the result differs from its source in " + std::to_string(check.differences.size()) +
                          " places, the first being " + first.path + " (" + first.field + ": " + first.source +
                          " against " + first.target + ")",
                      std::string(kWrongResultHint));
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
        const PlannedLayer& planned = plan_.layers[plan_.find(layer)];
        LayerReport one{node->platform.to_string(), layer.digest.to_string(), "", layer.size, 0, false};
        if (planned.actions[t] != LayerAction::convert) {
          one.cached = true;
          one.target_digest = one.source_digest;
          one.target_size = layer.size;
        } else if (!fingerprints_[t].empty()) {
          if (const cache::LayerRecord* known = cache_->find(planned, fingerprints_[t])) {
            one.cached = true;
            one.target_digest = known->target.digest.to_string();
            one.target_size = known->target.size;
          }
        }
        report.layers.push_back(std::move(one));
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
    if (const std::string why = uncacheable_because(*plan_.targets[t].format); cache_ != nullptr && !why.empty()) {
      report.notes.push_back("the cache takes no part: " + why);
    }
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
  LayerCache* const cache_;  // or null
  const CancelToken cancel_;
  JobState job_;
  // By target, null where there is none.
  std::vector<OpenImage> dictionaries_;
  std::vector<std::shared_ptr<backend::BlobBackend>> backends_;
  std::vector<crypt::Recipients> recipients_;
  std::vector<hash::Digest> fingerprints_;  // empty: its layers are not cached
  Image image_;
  Plan plan_;
  std::vector<PendingTag> tags_;
};

}  // namespace

ConvertReport convert_layers_only(const ConvertRequest& request, const OpenImage& source, const OpenImage& target,
                                  const Environment& environment, ConvertedLayers& done,
                                  const std::function<void(const formats::ConvertedImage& image)>& each) {
  const std::vector<OpenImage> targets = {target};
  const ImageOpener open;  // no dictionaries
  return Conversion(request, source, targets, environment, open, nullptr).run_layers(done, each);
}

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
                            const ImageOpener& open, const OpenImage* cache) {
  if (cache == nullptr) return Conversion(request, source, targets, environment, open, nullptr).run();
  LayerCache layers(*cache, request, environment);
  try {
    return Conversion(request, source, targets, environment, open, &layers).run();
  } catch (const Error& error) {
    if (!layers.is_suspect(error)) throw;
    layers.distrust(error);
  }
  return Conversion(request, source, targets, environment, open, &layers).run();
}

}  // namespace accel::convert
