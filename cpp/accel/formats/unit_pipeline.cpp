#include "accel/formats/unit_pipeline.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace accel::formats {

namespace {

constexpr std::size_t kBatchBytes = 256U << 10U;
/// With min_unit_bytes a batch must hold several units, or the smallest legal one could not be found.
constexpr std::size_t kMergedBatchBytes = 4U << 20U;
constexpr std::size_t kUnitsPerMergedBatch = 4;
/// Room for what follows a chunk in its unit: padding and headers (LayerWriter cuts longer runs). Also, since batches
/// swap buffers with their compressed form, for what units grow by that do not compress.
constexpr std::size_t kHeadroom = 192U << 10U;
/// Buffers come in few sizes, so that one that was given back mostly fits.
constexpr std::size_t kBufferStep = 512U << 10U;

std::size_t batch_bytes(const UnitPipeline::Options& options) {
  if (options.min_unit_bytes == 0) return kBatchBytes;
  return std::max(kMergedBatchBytes, kUnitsPerMergedBatch * options.min_unit_bytes);
}

}  // namespace

class UnitPipeline::BatchJob final : public OrderedPipeline::Job {
 public:
  explicit BatchJob(UnitPipeline& pipeline) : pipeline_(pipeline) {}

  void work(const CancelToken& cancel) override {
    const Options& options = pipeline_.options_;
    encode_batch(batch, *pipeline_.encoders_, pipeline_.budget_, options.min_unit_bytes,
                 {options.digests.get(), options.frames.get()}, cancel);
  }
  void write() override {
    place_shared_units(batch);
    pipeline_.on_batch_(batch, pipeline_.written_);
    write_units(batch, pipeline_.sink_);
    pipeline_.written_ += batch.unit_offsets.back();
    pipeline_.budget_.give_buffer(std::exchange(batch.output, {}));
  }

  Batch batch;

 private:
  UnitPipeline& pipeline_;
};

UnitPipeline::UnitPipeline(std::shared_ptr<UnitEncoderPool> encoders, io::ByteSink& sink, const EncodeContext& context,
                           Options options, OnBatch on_batch)
    : encoders_(std::move(encoders)),
      sink_(sink),
      budget_(context.budget),
      options_(std::move(options)),
      on_batch_(std::move(on_batch)),
      batch_bytes_(batch_bytes(options_)),
      pipeline_(context) {}

UnitPipeline::~UnitPipeline() = default;

void UnitPipeline::open_batch(std::size_t expected_bytes) {
  std::size_t room = std::max(batch_bytes_, expected_bytes) + kHeadroom;
  room = (room + kBufferStep - 1) / kBufferStep * kBufferStep;
  leases_ = pipeline_.reserve(room);
  open_ = std::make_unique<BatchJob>(*this);
  open_->batch.input = budget_.take_buffer(room);
}

void UnitPipeline::begin_unit(std::size_t expected_bytes, bool forced) {
  if (open_) {
    Batch& batch = open_->batch;
    const bool merging = options_.min_unit_bytes > 0;
    // Decided by sizes alone: with min_unit_bytes the bounds of batches are seen in the output.
    const bool full =
        merging ? batch.input.size() >= batch_bytes_ || forced : batch.input.size() + expected_bytes > batch_bytes_;
    if (full && !batch.input.empty()) submit();
  }
  if (!open_) open_batch(expected_bytes);
  cut();
}

void UnitPipeline::cut() {
  std::vector<std::size_t>& cuts = open_->batch.cuts;
  const std::size_t begin = open_->batch.input.size();
  if (cuts.empty() || cuts.back() != begin) cuts.push_back(begin);
}

void UnitPipeline::share_unit(const FrameKey& key) {
  Batch& batch = open_->batch;
  batch.shared_units.push_back({batch.cuts.size() - 1, key, {}, 0});
}

void UnitPipeline::append(ByteView bytes) {
  if (!open_) begin_unit(bytes.size());
  Buffer& input = open_->batch.input;
  if (input.size() + bytes.size() > input.capacity()) {
    const std::size_t grown = std::max(input.size() + bytes.size(), input.capacity() + input.capacity() / 2);
    leases_.push_back(budget_.acquire_now(grown - input.capacity()));
    input.reserve(grown);
  }
  input.append(bytes);
}

void UnitPipeline::begin_chunk(std::uint64_t stream_offset) {
  chunk_begin_ = open_->batch.input.size();
  chunk_stream_offset_ = stream_offset;
}

ByteView UnitPipeline::chunk() const { return open_->batch.input.view().subspan(chunk_begin_); }

std::size_t UnitPipeline::end_chunk(bool hashed) {
  Batch& batch = open_->batch;
  batch.chunks.push_back({chunk_begin_, batch.input.size() - chunk_begin_, chunk_stream_offset_, hashed, {}, 0});
  return batch.chunks.size() - 1;
}

void UnitPipeline::add_record(TocRecord record) {
  if (!open_) begin_unit(0);
  open_->batch.records.push_back(std::move(record));
}

std::size_t UnitPipeline::unit_size() const noexcept {
  return open_ ? open_->batch.input.size() - open_->batch.cuts.back() : 0;
}

void UnitPipeline::submit() {
  std::unique_ptr<BatchJob> job = std::move(open_);
  OrderedPipeline::Leases leases = std::move(leases_);
  std::vector<std::size_t>& cuts = job->batch.cuts;
  // A unit that was begun and got no bytes.
  if (cuts.back() == job->batch.input.size()) cuts.pop_back();
  if (!cuts.empty()) pipeline_.submit(std::move(job), std::move(leases));
}

std::uint64_t UnitPipeline::finish() {
  if (open_) submit();
  pipeline_.finish();
  return written_;
}

}  // namespace accel::formats
