#include "accel/convert/unpack_images.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/base/parallel.hpp"
#include "accel/convert/blob_sink.hpp"
#include "accel/convert/error_context.hpp"
#include "accel/convert/image_writer.hpp"
#include "accel/convert/layer_opener.hpp"
#include "accel/convert/limits.hpp"
#include "accel/convert/merged_source.hpp"
#include "accel/convert/unpacked_documents.hpp"
#include "accel/convert/written_again.hpp"
#include "accel/formats/compressed_tar.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::convert {

namespace {

/// What the result is, where others name their driver.
constexpr const char* kDriver = "oci";

/// One distinct layer to be made.
struct Piece {
  formats::ImageUnpacker* unpacker;
  std::size_t number;      ///< of the unpacker's layers
  oci::Descriptor source;  ///< the stored layer; of a whole image, the image's own
  std::uint64_t size;      ///< bytes to read, as far as is known
  std::string platform;
  UnpackedLayer made = {};
};

class Unpacking {
 public:
  Unpacking(const UnpackRequest& request, const OpenImage& source, const OpenImage& target,
            const Environment& environment)
      : request_(request),
        source_(source),
        target_(target),
        environment_(environment),
        cancel_(environment.cancel),
        job_{{}, Reporter(*environment.progress, source.reference)},
        opener_(*source.repository, "", environment.decode_limits, job_, cancel_) {
    opener_.use_backends(source.backends);
  }

  ConvertReport run() {
    const auto start = std::chrono::steady_clock::now();
    const Image image = read_image(*source_.repository, source_.tag, request_.platforms, cancel_);
    plan(image);
    make_layers(image);
    TargetImage made = unpacked_documents(image, collect());
    const PendingTag tag =
        write_image(made, target_.tag, kDriver, false, *source_.repository, *target_.repository, job_, cancel_);
    write_tags({tag}, job_, cancel_);

    ConvertReport report;
    report.source_reference = source_.reference;
    report.source_digest = image.root.descriptor.digest.to_string();
    report.source_size = image_size(image);
    TargetReport& result = report.targets.emplace_back();
    result.driver = kDriver;
    result.reference = target_.reference;
    result.digest = made.root.digest.to_string();
    result.media_type = made.root.media_type;
    result.size = made.size;
    result.layers = std::move(made.layers);
    result.notes = image.notes;
    result.notes.insert(result.notes.end(), notes_.begin(), notes_.end());
    fill_counters(report, job_.tally, std::chrono::steady_clock::now() - start);
    return report;
  }

 private:
  /// The layers of an image, as places in `pieces_`.
  struct Planned {
    std::unique_ptr<formats::ImageUnpacker> unpacker;
    std::vector<std::size_t> pieces;
  };

  void plan(const Image& image) {
    for (const ImageNode* node : image.images()) {
      with_context(node->platform.to_string(), [&] {
        refuse_encrypted(*node);
        if (auto unpacker = opener_.open_unpacker(node->manifest.layers)) plan_image(*node, std::move(unpacker));
      });
    }
    if (!planned_.empty()) return;
    throw ConfigError("the image needs no unpacking: its layers are tars",
                      holds_merged(image.root) ? "the index holds the plain image beside the converted one; name that"
                                               : "use it as it is, or copy it");
  }

  void plan_image(const ImageNode& node, std::unique_ptr<formats::ImageUnpacker> unpacker) {
    const std::string platform = node.platform.to_string();
    Planned& planned = planned_[&node];
    planned.unpacker = std::move(unpacker);
    if (!planned.unpacker->note().empty()) notes_.push_back(platform + ": " + planned.unpacker->note());
    const std::vector<oci::Descriptor>& layers = planned.unpacker->layers();
    if (layers.empty()) {
      std::uint64_t size = 0;
      for (const oci::Descriptor& layer : node.manifest.layers) size += layer.size;
      planned.pieces.push_back(pieces_.size());
      pieces_.push_back({planned.unpacker.get(), 0, node.manifest.layers.back(), size, platform});
    }
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const auto [known, is_new] = places_.emplace(layers[i].digest, pieces_.size());
      planned.pieces.push_back(known->second);
      if (is_new) pieces_.push_back({planned.unpacker.get(), i, layers[i], layers[i].size, platform});
    }
  }

  static bool holds_merged(const ImageNode& root) {
    return std::ranges::any_of(
        root.children, [](const ImageNode& child) { return child.manifest.config.media_type == kMergedConfigType; });
  }

  void make_layers(const Image& image) {
    const Limits limits = plan_limits(environment_, 1, pieces_.size());
    MemoryBudget budget(limits.encoder_bytes);
    ThreadPool pool(worker_threads(environment_));
    std::vector<std::uint64_t> sizes;
    for (const Piece& piece : pieces_) sizes.push_back(piece.size);
    const WorkOrder order = largest_first(sizes);
    job_.reporter.begin(image.root.descriptor.digest.to_string(), pieces_.size(), order.bytes);
    run_parallel(pieces_.size(), limits.layers, cancel_, [&](std::size_t i, const CancelToken& token) {
      Piece& piece = pieces_[order.pieces[i]];
      const std::string id = piece.source.digest.to_string();
      job_.reporter.event("convert", id, ProgressState::started, 0, 0, piece.platform);
      try {
        with_context(piece.platform, [&] {
          with_layer_context(piece.source.digest, [&] {
            piece.made = written_again([&] { return make_layer(piece, pool, budget, token); });
          });
        });
      } catch (...) {
        job_.reporter.event("convert", id, ProgressState::failed);
        throw;
      }
      job_.reporter.event("pull", id, ProgressState::done, piece.size, piece.size);
      job_.reporter.event("convert", id, ProgressState::done, piece.size, piece.size);
    });
  }

  UnpackedLayer make_layer(const Piece& piece, ThreadPool& pool, MemoryBudget& budget, const CancelToken& cancel) {
    const std::string id = piece.source.digest.to_string() + "@" + kDriver;
    job_.reporter.event("push", id, ProgressState::started);
    CancelSource stop(cancel);  // wakes the thread that writes, so that an error does not wait for it
    BlobSink blob(target_.repository->create_blob(piece.size, stop.token()), job_.tally,
                  [&](std::uint64_t written) { job_.reporter.event("push", id, ProgressState::running, written); });
    formats::CompressedTar tar(request_.compression, blob, {pool, budget, stop.token()});
    UnpackedLayer made;
    try {
      const BusyClock::Scope busy(&job_.tally.convert);
      piece.unpacker->write_layer(piece.number, tar, stop.token());
      made.diff_id = tar.finish().diff_id;
    } catch (...) {
      stop.cancel();
      throw;
    }
    made.blob = blob.commit();
    made.blob.media_type = oci::with_compression(oci::kOciLayer, request_.compression);
    job_.reporter.event("push", id, ProgressState::done, made.blob.size, made.blob.size);
    return made;
  }

  UnpackedImages collect() {
    UnpackedImages images;
    for (const auto& [node, planned] : planned_) {
      UnpackedImage& image = images[node];
      image.unpacker = planned.unpacker.get();
      for (const std::size_t piece : planned.pieces) image.layers.push_back(pieces_[piece].made);
    }
    return images;
  }

  const UnpackRequest& request_;
  const OpenImage& source_;
  const OpenImage& target_;
  const Environment& environment_;
  const CancelToken cancel_;
  JobState job_;
  LayerOpener opener_;
  std::map<const ImageNode*, Planned> planned_;
  std::vector<Piece> pieces_;
  std::map<hash::Digest, std::size_t> places_;  // of stored layers in pieces_
  std::vector<std::string> notes_;
};

}  // namespace

ConvertReport unpack_images(const UnpackRequest& request, const OpenImage& source, const OpenImage& target,
                            const Environment& environment) {
  return Unpacking(request, source, target, environment).run();
}

}  // namespace accel::convert
