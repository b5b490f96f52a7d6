#include "accel/formats/nydus/chunk_pipeline.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/codec/chunk_codec.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::size_t kJobBytes = 256U << 10U;

}  // namespace

class ChunkPipeline::ItemJob final : public OrderedPipeline::Job {
 public:
  explicit ItemJob(ChunkPipeline& pipeline) : pipeline_(pipeline) {}

  void work(const CancelToken& cancel) override {
    const Settings& settings = pipeline_.settings_;
    stored_.reserve(begins.size());
    const bool compresses = settings.encoders != nullptr;
    bool as_they_are = !compresses;
    if (compresses) as_they_are = !compress(*settings.encoders, cancel);
    if (as_they_are) store_raw();
    pipeline_.budget_.give_buffer(std::exchange(input, {}));
  }

  void write() override {
    take_shared();
    std::uint64_t offset = pipeline_.blob_.position();
    for (StoredItem& item : stored_) {
      item.offset = offset;
      offset += item.size;
    }
    if (offset > kMaxCompressedOffset) {
      throw UnsupportedError("a layer of more than 1 TiB of compressed chunks does not fit into a nydus blob",
                             "compress harder, or split the layer");
    }
    pipeline_.items_.insert(pipeline_.items_.end(), stored_.begin(), stored_.end());
    write_output();
    pipeline_.budget_.give_buffer(std::exchange(output_, {}));
  }

  void share_last(const FrameKey& key) { shared_.push_back({begins.size() - 1, key, {}, 0, {}}); }

  Buffer input;                     ///< items back to back; gone once they are stored
  std::vector<std::size_t> begins;  ///< of items in `input`

 private:
  /// An item whose frame another encoder may have made.
  struct SharedItem {
    std::size_t index;
    FrameKey key;
    SharedFrame frame;
    std::size_t offset;  // in `output_`, which is without it
    Buffer stored;       // what goes into the blob
  };

  [[nodiscard]] ByteView item(std::size_t index) const {
    const std::size_t end = index + 1 < begins.size() ? begins[index + 1] : input.size();
    return input.view().subspan(begins[index], end - begins[index]);
  }

  void add_stored(std::size_t size, std::size_t uncompressed_size, bool compressed) {
    stored_.push_back({0, static_cast<std::uint32_t>(size), static_cast<std::uint32_t>(uncompressed_size), compressed});
  }

  /// False, with nothing stored, when no item got smaller and none is to be encrypted.
  bool compress(UnitEncoderPool& encoders, const CancelToken& cancel) {
    UnitEncoderPool::Loan encoder = encoders.borrow();
    Buffer scratch = pipeline_.budget_.take_buffer(input.capacity());
    bool any_smaller = !shared_.empty();
    auto shared = shared_.begin();
    for (std::size_t i = 0; i < begins.size(); ++i) {
      cancel.check();
      const ByteView plain = item(i);
      if (shared != shared_.end() && shared->index == i) {
        share(*shared++, plain, scratch);
        continue;
      }
      const std::size_t begin = scratch.size();
      encoder->encode(plain, scratch);
      const bool smaller = scratch.size() - begin < plain.size();
      any_smaller = any_smaller || smaller;
      if (!smaller) {
        scratch.resize(begin);
        scratch.append(plain);
      }
      const std::size_t size = scratch.size() - begin;
      if (!pipeline_.settings_.key) {
        add_stored(size, plain.size(), smaller);
        continue;
      }
      encrypt_item(*pipeline_.settings_.key, scratch.view().subspan(begin), output_);
      scratch.clear();
      add_stored(encrypted_size(size), plain.size(), smaller);
    }
    if (!pipeline_.settings_.key && any_smaller) {
      output_ = std::move(scratch);
      return true;
    }
    pipeline_.budget_.give_buffer(std::move(scratch));
    if (pipeline_.settings_.key) return true;
    stored_.clear();
    return false;
  }

  void share(SharedItem& shared, ByteView plain, Buffer& scratch) {
    const ChunkPipeline::Settings& settings = pipeline_.settings_;
    shared.offset = scratch.size();
    shared.frame = settings.frames->get(shared.key,
                                        [&] { return make_frame(plain, *settings.frame_encoders->borrow(), scratch); });
    add_stored(0, plain.size(), true);
  }

  /// Waits for the frames that other encoders are making, and makes chunks of all.
  void take_shared() {
    for (SharedItem& shared : shared_) {
      StoredItem& item = stored_[shared.index];
      const ByteView frame = shared.frame.get()->view();
      codec::append_chunk(frame, shared.stored);
      item.compressed = shared.stored.size() < item.uncompressed_size;
      if (!item.compressed) {
        shared.stored.resize(item.uncompressed_size);
        codec::decode_chunk(codec::ChunkCodec::zstd, frame, {shared.stored.data(), shared.stored.size()});
      }
      item.size = static_cast<std::uint32_t>(shared.stored.size());
      shared.frame = {};
    }
  }

  void write_output() {
    std::size_t written = 0;
    for (const SharedItem& shared : shared_) {
      pipeline_.blob_.data(output_.view().subspan(written, shared.offset - written));
      pipeline_.blob_.data(shared.stored.view());
      written = shared.offset;
    }
    pipeline_.blob_.data(output_.view().subspan(written));
  }

  void store_raw() {
    const std::optional<BlobKey>& key = pipeline_.settings_.key;
    for (std::size_t i = 0; i < begins.size(); ++i) {
      const ByteView plain = item(i);
      if (key) encrypt_item(*key, plain, output_);
      add_stored(key ? encrypted_size(plain.size()) : plain.size(), plain.size(), false);
    }
    if (!key) output_ = std::move(input);
  }

  ChunkPipeline& pipeline_;
  Buffer output_;
  std::vector<StoredItem> stored_;
  std::vector<SharedItem> shared_;  // in order
};

ChunkPipeline::ChunkPipeline(Settings settings, BlobWriter& blob, const EncodeContext& context)
    : settings_(std::move(settings)), blob_(blob), budget_(context.budget), pipeline_(context) {}

ChunkPipeline::~ChunkPipeline() = default;

void ChunkPipeline::begin_chunk(std::size_t size, bool item_open) {
  if (open_ && !item_open && open_->input.size() + size > kJobBytes) submit();
  if (!open_) open_job(size);
  chunk_begin_ = open_->input.size();
  const std::size_t capacity = open_->input.capacity();
  if (chunk_begin_ + size <= capacity) return;
  // Behind an item that is still open, and so cannot go ahead. Twice as much each time, as small chunks are many.
  const std::size_t grown = std::max(chunk_begin_ + size, 2 * capacity);
  leases_.push_back(budget_.acquire_now(grown - capacity));
  open_->input.reserve(grown);
}

void ChunkPipeline::open_job(std::size_t size) {
  const std::size_t room = std::max(kJobBytes, size);
  leases_ = pipeline_.reserve(room);
  open_ = std::make_unique<ItemJob>(*this);
  open_->input = budget_.take_buffer(room);
}

void ChunkPipeline::append(ByteView bytes) { open_->input.append(bytes); }

ByteView ChunkPipeline::chunk() const { return open_->input.view().subspan(chunk_begin_); }

void ChunkPipeline::drop_chunk() { open_->input.resize(chunk_begin_); }

void ChunkPipeline::keep_chunk(bool joins, const std::optional<FrameKey>& frame) {
  if (joins) return;
  if (chunk_begin_ >= kJobBytes) move_chunk_to_new_job();
  open_->begins.push_back(chunk_begin_);
  if (frame) open_->share_last(*frame);
}

/// Only now it is known that the item before the chunk is complete.
void ChunkPipeline::move_chunk_to_new_job() {
  const Bytes moved = to_bytes(chunk());
  open_->input.resize(chunk_begin_);
  submit();
  open_job(moved.size());
  open_->input.append(moved);
  chunk_begin_ = 0;
}

void ChunkPipeline::submit() {
  if (open_->begins.empty()) return;  // every chunk in it was dropped: it can take the next one
  pipeline_.submit(std::move(open_), std::move(leases_));
  leases_.clear();
}

std::vector<StoredItem> ChunkPipeline::finish() {
  if (open_) submit();
  pipeline_.finish();
  return std::move(items_);
}

}  // namespace accel::formats::nydus
