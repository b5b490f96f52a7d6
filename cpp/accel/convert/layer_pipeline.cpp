#include "accel/convert/layer_pipeline.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/base/parallel.hpp"
#include "accel/convert/blob_sink.hpp"
#include "accel/convert/decoded_layer.hpp"
#include "accel/oci/json.hpp"
#include "accel/tar/reader.hpp"

namespace accel::convert {

namespace {

/// What one target's encoder may learn of the source layer, besides its content.
struct SourceFacts {
  codec::Compression compression = codec::Compression::none;
  std::shared_ptr<codec::BlockBoundaries> boundaries;
};

/// What lanes do once for all; null for one that is alone.
struct SharedByLanes {
  std::shared_ptr<formats::SharedDigests> digests;
  std::shared_ptr<formats::SharedFrames> frames;
};

/// One target's end of the pipeline.
class Lane {
 public:
  Lane(const PlannedLayer& layer, const LayerTarget& target, const LayerContext& context, SourceFacts source,
       bool staged, const SharedByLanes& shared, const CancelToken& cancel)
      : id_(layer.source.digest.to_string() + "@" + target.plan->driver),
        job_(context.job),
        repository_(*target.repository),
        cancel_(cancel),
        source_(as_target(layer.source, target.plan->to_oci)),
        sink_(create_blob(target, layer.source.size, cancel), context.job.tally,
              [this](std::uint64_t written) { job_.reporter.event("push", id_, ProgressState::running, written); }) {
    formats::EncodeContext encode{context.pool, context.budget, cancel};
    encode.note = [this](std::string text) { add_note(std::move(text)); };
    encode.staged = staged;
    encode.temp_dir = context.environment.temp_dir;
    encode.digests = shared.digests;
    encode.frames = shared.frames;
    encode.source_compression = source.compression;
    encode.boundaries = std::move(source.boundaries);
    job_.reporter.event("push", id_, ProgressState::started);
    encoder_ = target.plan->format->encode(source_, sink_, encode);
  }

  /// Runs `call` on the encoder unless it has asked for a second, staged run.
  template <class F>
  void feed(F&& call) {
    if (!encoder_) return;
    try {
      call(*encoder_);
    } catch (const formats::RestartStaged&) {
      encoder_.reset();
    }
  }
  [[nodiscard]] bool must_restart() const noexcept { return !encoder_; }

  void finish() { output_.result = encoder_->finish(); }
  /// The layer and its side blob are in the repository after this.
  ConvertedLayer commit() {
    output_.blob = sink_.commit();
    if (output_.result.diff_id_is_blob) output_.result.diff_id = output_.blob.digest;
    if (!output_.result.side_blob.empty()) store_side_blob();
    job_.reporter.event("push", id_, ProgressState::done, output_.blob.size, output_.blob.size);
    return std::move(output_);
  }

 private:
  static std::unique_ptr<oci::BlobWriter> create_blob(const LayerTarget& target, std::uint64_t size_hint,
                                                      const CancelToken& cancel) {
    if (target.backend != nullptr) return target.backend->create_blob(size_hint, cancel);
    return target.repository->create_blob(size_hint, cancel);
  }

  void add_note(std::string text) {
    const std::lock_guard lock(notes_mutex_);  // encoders have threads of their own
    output_.notes.push_back(std::move(text));
  }

  void store_side_blob() {
    const Bytes bytes = std::exchange(output_.result.side_blob, {});
    output_.external_toc = oci::describe("", as_text(bytes));
    put_blob(repository_, *output_.external_toc, bytes, job_.tally, cancel_);
  }

  const std::string id_;
  JobState& job_;
  oci::Repository& repository_;
  const CancelToken cancel_;
  const oci::Descriptor source_;
  std::mutex notes_mutex_;
  ConvertedLayer output_;
  BlobSink sink_;
  std::unique_ptr<formats::LayerEncoder> encoder_;  // last: it is gone before the sink it writes to
};

using Lanes = std::vector<std::unique_ptr<Lane>>;

bool all_must_restart(const Lanes& lanes) {
  return std::all_of(lanes.begin(), lanes.end(), [](const auto& lane) { return lane->must_restart(); });
}

/// Walks the tar once and gives every piece to every lane. Returns early when no lane wants it any more.
void feed_lanes(DecodedLayer& tar, Lanes& lanes, const LayerContext& context, const std::string& id,
                const CancelToken& cancel) {
  constexpr std::uint64_t kReportEvery = 1U << 20U;  // bytes: entries are small, an event for each would be noise
  const auto feed = [&lanes](const auto& call) {
    for (const auto& lane : lanes) lane->feed(call);
  };
  std::uint64_t reported = 0;
  const auto report = [&](std::uint64_t done) {
    if (done - reported < kReportEvery) return;
    reported = done;
    context.job.reporter.event("convert", id, ProgressState::running, done);
  };
  tar::Reader reader(tar);
  while (const tar::Entry* entry = reader.next()) {
    cancel.check();
    feed([&](formats::LayerEncoder& encoder) { encoder.entry(*entry, reader.raw_header()); });
    if (all_must_restart(lanes)) return;
    bool has_content = false;
    for (ByteView bytes = reader.payload(); !bytes.empty(); bytes = reader.payload()) {
      has_content = true;
      feed([&](formats::LayerEncoder& encoder) { encoder.payload(bytes); });
      report(reader.offset());
    }
    if (has_content) {
      const ByteView bytes = reader.padding();
      feed([&](formats::LayerEncoder& encoder) { encoder.padding(bytes); });
    }
    report(reader.offset());
  }
  for (ByteView bytes = reader.trailing(); !bytes.empty(); bytes = reader.trailing()) {
    feed([&](formats::LayerEncoder& encoder) { encoder.trailing(bytes); });
  }
}

/// Runs `work` on every lane that need not be run again, side by side: what is left to do at the end of a layer is the
/// compression of an index, and waiting for a repository.
template <class F>
void for_each_lane(Lanes& lanes, const CancelToken& cancel, F&& work) {
  run_parallel(lanes.size(), lanes.size(), cancel, [&](std::size_t i, const CancelToken&) {
    if (!lanes[i]->must_restart()) work(i);
  });
}

/// Where blocks of a gzip layer begin, for each target whose encoder wants to know; null for the others.
codec::BoundaryConsumers boundary_consumers(const std::vector<LayerTarget>& targets) {
  codec::BoundaryConsumers consumers;
  for (const LayerTarget& target : targets) {
    const bool wanted = target.plan->format->capabilities().wants_boundaries;
    consumers.push_back(wanted ? std::make_shared<codec::BlockBoundaries>() : nullptr);
  }
  return consumers;
}

/// One read of the source for `targets`. Results of targets that must be run again are left empty.
std::vector<std::optional<ConvertedLayer>> run_pass(const PlannedLayer& layer, oci::Repository& source,
                                                    const std::vector<LayerTarget>& targets,
                                                    const LayerContext& context, bool staged,
                                                    const CancelToken& cancel) {
  // Its own source: leaving by an exception stops the encoders and the reading threads of this pass at once.
  CancelSource stop(cancel);
  const std::string id = layer.source.digest.to_string();
  const codec::BoundaryConsumers boundaries = boundary_consumers(targets);
  codec::BoundaryConsumers consumers = boundaries;
  std::erase(consumers, nullptr);
  DecodedLayer tar(layer.source, source, context.environment.decode_limits, context.job, stop, std::move(consumers));
  Lanes lanes;
  try {
    // Alone, or in a staged run, where each goes its own way, an encoder has nobody to share with.
    SharedByLanes shared;
    if (targets.size() > 1 && !staged) {
      shared = {std::make_shared<formats::SharedDigests>(), std::make_shared<formats::SharedFrames>()};
    }
    for (std::size_t i = 0; i < targets.size(); ++i) {
      SourceFacts facts{.compression = tar.compression(), .boundaries = nullptr};
      if (facts.compression == codec::Compression::gzip) facts.boundaries = boundaries[i];
      lanes.push_back(
          std::make_unique<Lane>(layer, targets[i], context, std::move(facts), staged, shared, stop.token()));
    }
    context.job.reporter.event("convert", id, ProgressState::started, 0, 0, layer.platforms);
    {
      const BusyClock::Scope busy(&context.job.tally.convert);
      feed_lanes(tar, lanes, context, id, stop.token());
      if (all_must_restart(lanes)) return std::vector<std::optional<ConvertedLayer>>(lanes.size());
      tar.verify(layer.diff_id);
      for_each_lane(lanes, stop.token(), [&](std::size_t i) { lanes[i]->finish(); });
    }
    std::vector<std::optional<ConvertedLayer>> outputs(targets.size());
    for_each_lane(lanes, stop.token(), [&](std::size_t i) { outputs[i] = lanes[i]->commit(); });
    context.job.reporter.event("convert", id, ProgressState::done, tar.size(), tar.size());
    return outputs;
  } catch (const FormatError&) {
    lanes.clear();
    tar.rethrow_cause();
    throw;
  } catch (...) {
    stop.cancel();
    throw;
  }
}

}  // namespace

std::vector<ConvertedLayer> convert_layer(const PlannedLayer& layer, oci::Repository& source,
                                          const std::vector<LayerTarget>& targets, const LayerContext& context,
                                          const CancelToken& cancel) {
  auto outputs = run_pass(layer, source, targets, context, false, cancel);
  std::vector<LayerTarget> again;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (!outputs[i]) again.push_back(targets[i]);
  }
  std::vector<ConvertedLayer> results;
  std::vector<std::optional<ConvertedLayer>> staged;
  if (!again.empty()) staged = run_pass(layer, source, again, context, true, cancel);
  std::size_t next_staged = 0;
  for (auto& output : outputs) results.push_back(std::move(output ? *output : *staged[next_staged++]));
  return results;
}

}  // namespace accel::convert
