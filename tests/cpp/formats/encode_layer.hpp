/// Runs a format's encoder and readers over a tar in memory, as convert does.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "accel/formats/all_formats.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/memory.hpp"
#include "accel/oci/media_type.hpp"
#include "accel/tar/path.hpp"
#include "accel/tar/reader.hpp"
#include "support/chunked_stream.hpp"

namespace accel::formats::testing {

/// Feeds all of `tar` to `encoder`.
inline LayerResult feed(LayerEncoder& encoder, io::ByteStream& tar, std::size_t max_piece = SIZE_MAX) {
  tar::Reader reader(tar);
  while (const tar::Entry* const entry = reader.next()) {
    encoder.entry(*entry, reader.raw_header());
    if (entry->size == 0) continue;
    for (ByteView piece = reader.payload(max_piece); !piece.empty(); piece = reader.payload(max_piece)) {
      encoder.payload(piece);
    }
    encoder.padding(reader.padding());
  }
  for (ByteView piece = reader.trailing(); !piece.empty(); piece = reader.trailing()) encoder.trailing(piece);
  return encoder.finish();
}

inline LayerResult feed(LayerEncoder& encoder, const std::string& tar, std::size_t max_read = SIZE_MAX,
                        std::size_t max_piece = SIZE_MAX) {
  accel::testing::ChunkedStream stream(tar, max_read);
  return feed(encoder, stream, max_piece);
}

/// A context without cancel, notes, staging and sharing; change what the test is about.
inline EncodeContext make_context(ThreadPool& pool, MemoryBudget& budget) {
  return {pool, budget, {}, [](std::string) {}, false, {}, {}};
}

struct EncodeOptions {
  std::size_t threads = 2;
  std::size_t budget = 64U << 20U;
  std::size_t max_read = SIZE_MAX, max_piece = SIZE_MAX;
  std::string media_type{oci::kOciLayerGzip};
};

struct EncodedLayer {
  Bytes blob;
  LayerResult result;
  std::vector<std::string> notes;
  bool restarted = false;
  hash::Digest source_diff_id;

  /// The diffID of the converted layer.
  [[nodiscard]] hash::Digest diff_id() const {
    if (result.diff_id_is_blob) return hash::sha256(blob);
    return result.diff_id.empty() ? source_diff_id : result.diff_id;
  }
  /// The descriptor that convert would write; with `twin`, that of the twin image.
  [[nodiscard]] oci::Descriptor descriptor(bool twin = false) const {
    oci::Descriptor layer;
    layer.media_type = result.media_type;
    layer.digest = hash::sha256(blob);
    layer.size = blob.size();
    layer.annotations = twin ? result.twin_annotations : result.annotations;
    return layer;
  }
  [[nodiscard]] std::shared_ptr<io::ByteSource> source() const {
    return std::make_shared<io::MemorySource>(Bytes(blob));
  }
  [[nodiscard]] OpenOptions open_options() const {
    OpenOptions options;
    options.external_toc = [toc = result.side_blob](const oci::Descriptor&) -> std::optional<Bytes> {
      if (toc.empty()) return std::nullopt;
      return toc;
    };
    return options;
  }
  [[nodiscard]] std::unique_ptr<LayerReader> open(bool twin = false) const {
    return open_layer(descriptor(twin), source(), open_options());
  }
};

inline EncodedLayer encode_layer(const Format& format, const std::string& tar, const EncodeOptions& options = {}) {
  EncodedLayer encoded;
  encoded.source_diff_id = hash::sha256(as_bytes(tar));
  ThreadPool pool(options.threads);
  MemoryBudget budget(options.budget);
  oci::Descriptor source;
  source.media_type = options.media_type;
  for (const bool staged : {false, true}) {
    encoded.notes.clear();
    const EncodeContext context{pool,   budget, {}, [&](std::string note) { encoded.notes.push_back(std::move(note)); },
                                staged, ""};
    io::MemorySink sink;
    try {
      const auto encoder = format.encode(source, sink, context);
      encoded.result = feed(*encoder, tar, options.max_read, options.max_piece);
      encoded.blob = to_bytes(sink.view());
      return encoded;
    } catch (const RestartStaged&) {
      encoded.restarted = true;
      if (staged) throw;
    }
  }
  return encoded;
}

inline EncodedLayer encode_layer(std::string_view driver, const OptionValues& values, const std::string& tar,
                                 const EncodeOptions& options = {}) {
  return encode_layer(*make_format(driver, values), tar, options);
}

/// What a visitor was told, by clean path, and in which order.
class Listing final : public LayerVisitor {
 public:
  void entry(const tar::Entry& entry, const hash::Digest& content) override {
    order.push_back(tar::clean_path(entry.name));
    entries[order.back()] = {entry, content};
  }
  [[nodiscard]] const tar::Entry& at(const std::string& path) const { return entries.at(path).first; }
  [[nodiscard]] std::string digest(const std::string& path) const { return entries.at(path).second.to_string(); }

  std::vector<std::string> order;
  std::map<std::string, std::pair<tar::Entry, hash::Digest>> entries;
};

/// The tree that the entries of a listing make: clean names, and all names of a file alike, whichever is written as the
/// link.
inline Listing as_tree(const Listing& listing) {
  const auto file_of = [&](std::string path) {
    while (listing.at(path).type == tar::EntryType::hardlink) path = tar::clean_path(listing.at(path).link_name);
    return path;
  };
  std::map<std::string, std::string> first_names;  // of files, by the name that has the content
  for (const auto& [path, entry] : listing.entries) first_names.try_emplace(file_of(path), path);
  Listing tree;
  for (const std::string& path : listing.order) {
    const std::string file = file_of(path);
    auto [entry, digest] = listing.entries.at(file);
    entry.name = path;
    if (entry.type == tar::EntryType::regular) entry.link_name = first_names.at(file);
    tree.order.push_back(path);
    tree.entries[path] = {entry, digest};
  }
  return tree;
}

inline Listing list(LayerReader& reader) {
  Listing listing;
  reader.list(listing);
  return listing;
}

inline Listing verify(LayerReader& reader, const hash::Digest& diff_id = {}) {
  Listing listing;
  reader.verify(listing, diff_id, {});
  return listing;
}

/// Encodes, verifies and lists.
inline Listing round_trip(const EncodedLayer& encoded) { return verify(*encoded.open(), encoded.diff_id()); }

/// The decompressed bytes of a blob, all units after each other.
inline std::string decompress(ByteView blob) {
  io::MemoryStream stream(blob);
  const auto decoder = codec::make_decoder(codec::detect(blob), stream);
  return to_string(io::read_all(*decoder, 256U << 20U));
}

/// Deterministic bytes that do not compress (the generator of zstdchunked.md 3.4).
inline std::string random_bytes(std::size_t size, std::uint32_t seed) {
  std::string bytes(size, '\0');
  std::uint32_t x = seed;
  for (char& byte : bytes) {
    x = x * 1664525U + 1013904223U;
    byte = static_cast<char>(x >> 24U);
  }
  return bytes;
}

}  // namespace accel::formats::testing
