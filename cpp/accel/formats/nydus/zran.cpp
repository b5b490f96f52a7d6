#include "accel/formats/nydus/zran.hpp"

#include <algorithm>
#include <utility>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"

namespace accel::formats::nydus {

using codec::BlockBoundary;
using Kind = codec::BlockBoundary::Kind;

namespace {

// What the reference uses (nydus-blob.md 11.3). Its third rule, for gaps, asks for more than this one does.
constexpr std::uint64_t kMaxIn = 1ULL << 20U;
constexpr std::uint64_t kMaxOut = 2ULL << 20U;
constexpr std::uint32_t kMaxInSize = (1U << 24U) - 1;  // of a chunk, in its chunk info

constexpr const char* kHint = "convert the image natively, without oci_ref, or compress the layer again";

[[noreturn]] void refuse(const std::string& what) { throw UnsupportedError("index the gzip layer: " + what, kHint); }

}  // namespace

void append_zran_context(const ZranContext& context, Buffer& out) {
  out.append_zeros(ZranContext::kSize);
  std::byte* const at = out.data() + out.size() - ZranContext::kSize;
  store_le(at, context.in_offset);
  store_le(at + 8, context.out_offset);
  store_le(at + 16, context.dictionary_offset);
  store_le(at + 24, context.in_size);
  store_le(at + 28, context.out_size);
  store_le(at + 32, context.dictionary_size);
  at[36] = context.byte;
  at[37] = std::byte{context.bits};
}

ZranSlicer::ZranSlicer(std::shared_ptr<codec::BlockBoundaries> boundaries, std::uint32_t chunk_size,
                       Dictionaries dictionaries)
    : boundaries_(std::move(boundaries)), chunk_size_(chunk_size), dictionaries_(std::move(dictionaries)) {}

void ZranSlicer::advance(std::uint64_t out) {
  while (const auto boundary = boundaries_->next(out)) {
    position_ = *boundary;
    if (boundary->kind == Kind::block) block_ = {*boundary, members_};
    if (boundary->kind == Kind::member_end) ++members_;
    std::erase_if(unresolved_, [&](Unresolved& slice) { return resolve(slice, *boundary); });
  }
}

/// True when the boundary tells how much input the slice needs.
bool ZranSlicer::resolve(Unresolved& slice, const BlockBoundary& boundary) {
  if (boundary.out < slice.end) return false;
  ZranContext& context = contexts_[slice.slice];
  std::uint64_t in = boundary.in;
  if (boundary.out == slice.end) {
    // The input up to a mark may hold the end of the block as well.
    if (boundary.kind == Kind::mark) return false;
    if (boundary.kind == Kind::member_end) {
      if (boundary.end_bytes == 0) {
        ++slice.end;  // on into the next member, by a byte
        return false;
      }
      in -= boundary.end_bytes;
    }
  }
  if (in - context.in_offset > kMaxSliceInput) {
    refuse("a slice of " + std::to_string(slice.end - context.out_offset) + " bytes takes " +
           std::to_string(in - context.in_offset) + " compressed bytes, readers take at most " +
           std::to_string(kMaxSliceInput));
  }
  context.in_size = static_cast<std::uint32_t>(in - context.in_offset);
  context.out_size = static_cast<std::uint32_t>(slice.end - context.out_offset);
  return true;
}

void ZranSlicer::begin_chunk(std::uint64_t out) {
  advance(out);
  chunk_begin_ = out;
  chunk_in_ = position_.in;
  opens_slice_ = wants_new_slice(out);
  if (!opens_slice_) return;
  opened_at_ = block_;
  window_ = boundaries_->window();
}

bool ZranSlicer::wants_new_slice(std::uint64_t out) const {
  if (contexts_.empty()) return true;
  if (block_ == first_block_) return false;
  if (block_.member != first_block_.member) return true;
  const ZranContext& slice = contexts_.back();
  return position_.in - slice.in_offset >= kMaxIn / 2 || out - slice.out_offset + chunk_size_ >= kMaxOut;
}

void ZranSlicer::open_slice() {
  if (contexts_.size() == kMaxSlices) refuse("more than " + std::to_string(kMaxSlices) + " slices");
  const BlockBoundary& boundary = opened_at_.boundary;
  contexts_.push_back({.in_offset = boundary.in,
                       .out_offset = boundary.out,
                       .dictionary_offset = dictionaries_size_,
                       .dictionary_size = static_cast<std::uint32_t>(window_.size()),
                       .byte = boundary.byte,
                       .bits = boundary.bits});
  dictionaries_(window_);
  dictionaries_size_ += window_.size();
  first_block_ = opened_at_;
}

ZranPlace ZranSlicer::keep_chunk(std::uint64_t end) {
  if (opens_slice_) open_slice();
  opens_slice_ = false;
  const auto slice = static_cast<std::uint32_t>(contexts_.size() - 1);
  const ZranContext& context = contexts_.back();
  // One byte may come to it, see `resolve`.
  if (end - context.out_offset >= kMaxSliceSize) {
    refuse("the deflate block at byte " + std::to_string(context.in_offset) + " goes on for more than " +
           std::to_string(kMaxSliceSize) + " bytes of content, the most that readers decode");
  }
  // Before `end` is looked at: the boundaries up to the chunk's last byte, which has been seen, count for other slices.
  advance(end - 1);
  if (unresolved_.empty() || unresolved_.back().slice != slice) {
    unresolved_.push_back({slice, end});
  } else {
    unresolved_.back().end = end;
  }
  return {.slice = slice,
          .offset = static_cast<std::uint32_t>(chunk_begin_ - context.out_offset),
          .in_offset = chunk_in_,
          .in_size = static_cast<std::uint32_t>(std::min<std::uint64_t>(position_.in - chunk_in_, kMaxInSize))};
}

const std::vector<ZranContext>& ZranSlicer::finish() {
  advance(UINT64_MAX);
  if (!unresolved_.empty()) {
    refuse("the last file ends together with the last deflate block, where readers expect another gzip member");
  }
  return contexts_;
}

}  // namespace accel::formats::nydus
