#include "accel/formats/nydus/ref_index.hpp"

#include <algorithm>
#include <utility>

#include "accel/codec/chunk_codec.hpp"
#include "accel/codec/zstd_frame_writer.hpp"
#include "accel/formats/nydus/rafs/raw_digest.hpp"
#include "accel/io/hashing.hpp"

namespace accel::formats::nydus {

namespace {

/// Of one layer. All layers of an image that are under way, and those that are done, have such memory.
constexpr std::size_t kMostInMemory = std::size_t{16} << 20U;
/// nydus-blob.md 8.1.
constexpr int kLevel = 3;

}  // namespace

DictionaryStore::DictionaryStore(std::string temp_dir)
    : encoder_(codec::make_chunk_encoder(codec::ChunkCodec::lz4_block, 1)),
      stored_(kMostInMemory, std::move(temp_dir)) {}

void DictionaryStore::add(ByteView dictionary) {
  scratch_.clear();
  if (!dictionary.empty()) encoder_->encode(dictionary, scratch_);
  const bool smaller = scratch_.size() < dictionary.size();
  const ByteView stored = smaller ? scratch_.view() : dictionary;
  stored_.write(stored);
  pieces_.push_back({static_cast<std::uint32_t>(dictionary.size()), static_cast<std::uint32_t>(stored.size())});
  size_ += dictionary.size();
}

void DictionaryStore::write_to(io::ByteSink& sink) {
  std::uint64_t offset = 0;
  Bytes stored;
  Bytes dictionary;
  for (const Piece& piece : pieces_) {
    stored.resize(piece.stored_size);
    stored_.read_at(offset, stored);
    offset += piece.stored_size;
    if (piece.stored_size < piece.size) {
      dictionary.resize(piece.size);
      codec::decode_chunk(codec::ChunkCodec::lz4_block, stored, dictionary);
      sink.write(dictionary);
    } else {
      sink.write(stored);
    }
  }
}

PackedCi pack_ci(ByteView chunk_infos, const std::vector<ZranContext>& contexts, DictionaryStore& dictionaries,
                 const std::string& temp_dir) {
  Buffer table;
  for (const ZranContext& context : contexts) append_zran_context(context, table);
  const auto write_to = [&](io::ByteSink& sink) {
    sink.write(chunk_infos);
    sink.write(table.view());
    dictionaries.write_to(sink);
  };
  PackedCi ci;
  ci.size = chunk_infos.size() + table.size() + dictionaries.size();
  auto stored = std::make_shared<SpillBuffer>(kMostInMemory, temp_dir);
  codec::ZstdFrameWriter frame(kLevel, ci.size, *stored);
  io::HashingSink hashing(frame);
  write_to(hashing);
  frame.finish();
  ci.digest = raw_digest(hashing.finish());
  ci.compressor = Compressor::zstd;
  if (stored->size() >= ci.size) {
    ci.compressor = Compressor::none;
    stored = std::make_shared<SpillBuffer>(kMostInMemory, temp_dir);
    write_to(*stored);
  }
  ci.stored = std::move(stored);
  return ci;
}

}  // namespace accel::formats::nydus
