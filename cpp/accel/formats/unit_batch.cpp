#include "accel/formats/unit_batch.hpp"

#include <algorithm>
#include <utility>

#include "accel/hash/hasher.hpp"

namespace accel::formats {

namespace {

/// The bytes of cuts [first, last) of the batch.
ByteView unit_content(const Batch& batch, std::size_t first, std::size_t last) {
  const std::size_t begin = batch.cuts[first];
  const std::size_t end = last < batch.cuts.size() ? batch.cuts[last] : batch.input.size();
  return batch.input.view().subspan(begin, end - begin);
}

/// Compresses cuts [first, last) of the batch as one unit onto `out`.
void encode_unit(const Batch& batch, std::size_t first, std::size_t last, codec::UnitEncoder& encoder, Buffer& out) {
  encoder.encode(unit_content(batch, first, last), out);
}

void encode_at_every_cut(Batch& batch, codec::UnitEncoder& encoder, SharedFrames* frames, const CancelToken& cancel) {
  auto shared = batch.shared_units.begin();
  for (std::size_t i = 0; i < batch.cuts.size(); ++i) {
    cancel.check();
    batch.unit_begins.push_back(batch.cuts[i]);
    batch.unit_offsets.push_back(batch.output.size());
    if (shared == batch.shared_units.end() || shared->unit != i) {
      encode_unit(batch, i, i + 1, encoder, batch.output);
      continue;
    }
    shared->offset = batch.output.size();
    shared->frame =
        frames->get(shared->key, [&] { return make_frame(unit_content(batch, i, i + 1), encoder, batch.output); });
    ++shared;
  }
}

/// The first cut after `first` at which the unit from there holds at least `bytes` of input; cuts.size() when none.
std::size_t cut_after(const Batch& batch, std::size_t first, std::size_t bytes) {
  const auto begin = batch.cuts.begin() + static_cast<std::ptrdiff_t>(first);
  return static_cast<std::size_t>(std::lower_bound(begin + 1, batch.cuts.end(), *begin + bytes) - batch.cuts.begin());
}

/// Compressed sizes are only known by compressing, so each unit is tried, from a guess that grows with what the last
/// try gave: mostly one or two tries a unit.
void encode_merged(Batch& batch, codec::UnitEncoder& encoder, std::size_t min_bytes, const CancelToken& cancel) {
  std::size_t first = 0;
  std::size_t previous_first = 0;
  while (first < batch.cuts.size()) {
    const std::size_t offset = batch.output.size();
    std::size_t wanted = min_bytes;
    std::size_t last = 0;
    for (;;) {
      cancel.check();
      last = cut_after(batch, first, wanted);
      batch.output.resize(offset);
      encode_unit(batch, first, last, encoder, batch.output);
      const std::size_t compressed = batch.output.size() - offset;
      if (compressed >= min_bytes || last == batch.cuts.size()) break;
      const std::size_t tried = batch.cuts[last] - batch.cuts[first];
      // An eighth more than the ratio says, so that the next try seldom fails again.
      const std::size_t estimate = tried / std::max<std::size_t>(compressed, 1) * min_bytes;
      wanted = std::max(tried + 1, estimate + estimate / 8);
    }
    const bool too_small = batch.output.size() - offset < min_bytes;
    if (too_small && !batch.unit_begins.empty()) {
      // What is left at the end joins the unit before it.
      batch.output.resize(static_cast<std::size_t>(batch.unit_offsets.back()));
      encode_unit(batch, previous_first, last, encoder, batch.output);
    } else {
      batch.unit_begins.push_back(batch.cuts[first]);
      batch.unit_offsets.push_back(offset);
      previous_first = first;
    }
    first = last;
  }
}

void locate_chunks(Batch& batch) {
  std::size_t unit = 0;
  for (ChunkSpan& chunk : batch.chunks) {
    while (unit + 1 < batch.unit_begins.size() && batch.unit_begins[unit + 1] <= chunk.begin) ++unit;
    chunk.unit = unit;
  }
}

hash::Digest digest_of(const Batch& batch, const ChunkSpan& chunk) {
  return hash::sha256(batch.input.view().subspan(chunk.begin, chunk.size));
}

/// Hashes the chunks that no other encoder is hashing.
void hash_chunks(Batch& batch, SharedDigests* shared) {
  for (ChunkSpan& chunk : batch.chunks) {
    if (!chunk.hashed) continue;
    const StreamSpan span{chunk.stream_offset, chunk.size};
    if (shared != nullptr && !shared->claim(span)) continue;
    chunk.digest = digest_of(batch, chunk);
    if (shared != nullptr) shared->publish(span, chunk.digest);
  }
}

/// Takes over what others have hashed meanwhile. Never waits for them.
void take_shared_digests(Batch& batch, SharedDigests* shared) {
  if (shared == nullptr) return;
  for (ChunkSpan& chunk : batch.chunks) {
    if (!chunk.hashed || !chunk.digest.empty()) continue;
    const auto taken = shared->take({chunk.stream_offset, chunk.size});
    chunk.digest = taken ? *taken : digest_of(batch, chunk);
  }
}

}  // namespace

void encode_batch(Batch& batch, UnitEncoderPool& encoders, MemoryBudget& budget, std::size_t min_unit_bytes,
                  SharedWork shared, const CancelToken& cancel) {
  hash_chunks(batch, shared.digests);
  // Room for one unit that does not get smaller. When all is compressed, the input's buffer goes back instead.
  batch.output = budget.take_buffer(batch.input.capacity());
  {
    UnitEncoderPool::Loan encoder = encoders.borrow();
    if (min_unit_bytes == 0) {
      encode_at_every_cut(batch, *encoder, shared.frames, cancel);
    } else {
      encode_merged(batch, *encoder, min_unit_bytes, cancel);
    }
  }
  batch.unit_offsets.push_back(batch.output.size());
  locate_chunks(batch);
  take_shared_digests(batch, shared.digests);
  budget.give_buffer(std::exchange(batch.input, {}));
}

void place_shared_units(Batch& batch) {
  std::uint64_t added = 0;
  auto shared = batch.shared_units.begin();
  for (std::size_t i = 0; i < batch.unit_offsets.size(); ++i) {
    batch.unit_offsets[i] += added;
    if (shared == batch.shared_units.end() || shared->unit != i) continue;
    added += shared->frame.get()->size();
    ++shared;
  }
}

void write_units(const Batch& batch, io::ByteSink& sink) {
  const ByteView output = batch.output.view();
  std::size_t written = 0;
  for (const SharedUnit& shared : batch.shared_units) {
    if (shared.offset > written) sink.write(output.subspan(written, shared.offset - written));
    written = shared.offset;
    sink.write(shared.frame.get()->view());
  }
  if (output.size() > written) sink.write(output.subspan(written));
}

}  // namespace accel::formats
