/// Reference layers for tests and fuzzers: encoded in memory.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "accel/codec/block_boundaries.hpp"
#include "accel/codec/codec.hpp"
#include "accel/formats/nydus/ref_encoder.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/memory.hpp"
#include "formats/nydus/native_layer.hpp"

namespace accel::formats::nydus::testing {

struct RefLayer {
  Bytes blob;
  LayerResult result;
  std::vector<std::string> notes;
  [[nodiscard]] const NydusPart& part() const { return dynamic_cast<const NydusPart&>(*result.part); }
};

inline oci::Descriptor descriptor_of(std::string_view source) {
  oci::Descriptor descriptor;
  descriptor.digest = hash::sha256(as_bytes(source));
  descriptor.size = source.size();
  return descriptor;
}

/// `source`: a layer as it is stored. Encoded as convert does it, but for the threads.
inline RefLayer encode_ref(std::string_view source, std::size_t max_read = SIZE_MAX, std::size_t max_piece = SIZE_MAX) {
  ThreadPool pool(1);
  MemoryBudget budget(1 << 20);
  RefLayer layer;
  EncodeContext context = formats::testing::make_context(pool, budget);
  context.note = [&layer](std::string note) { layer.notes.push_back(std::move(note)); };
  context.source_compression = codec::detect(as_bytes(source));
  accel::testing::ChunkedStream stored(std::string(source), max_read);
  std::unique_ptr<io::ByteStream> tar;
  if (context.source_compression == codec::Compression::gzip) {
    context.boundaries = std::make_shared<codec::BlockBoundaries>();
    tar = codec::make_indexing_decoder(stored, {context.boundaries});
  } else {
    tar = codec::make_decoder(context.source_compression, stored);
  }
  io::MemorySink sink;
  const auto encoder = make_ref_encoder(descriptor_of(source), sink, context);
  layer.result = formats::testing::feed(*encoder, *tar, max_piece);
  layer.blob = to_bytes(sink.view());
  return layer;
}

}  // namespace accel::formats::nydus::testing
