#include "accel/formats/nydus/reader.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/unpack.hpp"
#include "accel/io/memory.hpp"
#include "accel/tar/reader.hpp"
#include "formats/nydus/hand_made_blob.hpp"

namespace accel::formats::nydus {
namespace {

using testing::HandMade;
using testing::sample_text;

std::shared_ptr<io::ByteSource> source_of(const std::string& text) {
  return std::make_shared<io::MemorySource>(to_bytes(as_bytes(text)));
}

class Collector final : public LayerVisitor {
 public:
  void entry(const tar::Entry& entry, const hash::Digest& content) override {
    names.push_back(entry.name);
    if (entry.type == tar::EntryType::regular) contents[entry.name] = content;
  }
  std::vector<std::string> names;
  std::map<std::string, hash::Digest> contents;
};

/// A blob of every kind, with files that share chunks, are empty, fill a chunk exactly, and have several.
HandMade sample(const std::function<void(HandMade&)>& set) {
  HandMade made;
  made.files = {{"a/first", sample_text(10000, 1)},
                {"a/same", sample_text(10000, 1)},
                {"b/empty", ""},
                {"b/one", "x"},
                {"b/exact", sample_text(4096, 2)},
                {"b/tail-shared", sample_text(4096, 3) + sample_text(4096, 2)},
                {"c/small-1", sample_text(300, 4)},
                {"c/small-2", sample_text(400, 5)},
                {"c/small-3", sample_text(900, 6)},
                {"d", sample_text(30000, 7)}};
  set(made);
  made.make();
  return made;
}

oci::Descriptor descriptor_of(const HandMade& made) {
  oci::Descriptor layer;
  layer.media_type = kBlobMediaType;
  layer.digest = hash::sha256(as_bytes(made.blob));
  layer.size = made.blob.size();
  return layer;
}

OpenOptions options_for(const HandMade& made) {
  OpenOptions options;
  options.other_blobs = [layer = made.layer](const oci::Descriptor& wanted) -> std::shared_ptr<io::ByteSource> {
    return wanted.digest == hash::sha256(as_bytes(layer)) ? source_of(layer) : nullptr;
  };
  return options;
}

std::unique_ptr<LayerReader> open(const HandMade& made, const std::string& blob) {
  return open_reader(descriptor_of(made), source_of(blob), options_for(made));
}

struct Kind {
  const char* name;
  std::function<void(HandMade&)> set;
};

std::vector<Kind> kinds() {
  using Reference = HandMade::Reference;
  return {
      {"v6_none", [](HandMade&) {}},
      {"v6_without_toc", [](HandMade& m) { m.toc = false; }},
      {"v6_lz4", [](HandMade& m) { m.compressor = Compressor::lz4_block; }},
      {"v6_zstd", [](HandMade& m) { m.compressor = Compressor::zstd; }},
      {"v6_gzip", [](HandMade& m) { m.compressor = Compressor::gzip, m.encrypted = true; }},
      {"v6_blake3", [](HandMade& m) { m.digester = Digester::blake3, m.compressor = Compressor::zstd; }},
      {"v6_batch", [](HandMade& m) { m.batch_size = 4096, m.compressor = Compressor::zstd; }},
      {"v6_encrypted", [](HandMade& m) { m.encrypted = true, m.compressor = Compressor::zstd; }},
      {"v6_encrypted_none", [](HandMade& m) { m.encrypted = true; }},
      {"v6_encrypted_batch", [](HandMade& m) { m.encrypted = true, m.batch_size = 4096; }},
      {"v6_tar_reference", [](HandMade& m) { m.reference = Reference::tar; }},
      {"v6_zran", [](HandMade& m) { m.reference = Reference::zran; }},
      {"v5_none", [](HandMade& m) { m.version = FsVersion::v5, m.toc = false; }},
      {"v5_zstd", [](HandMade& m) { m.version = FsVersion::v5, m.toc = false, m.compressor = Compressor::zstd; }},
      {"v5_blake3", [](HandMade& m) { m.version = FsVersion::v5, m.toc = false, m.digester = Digester::blake3; }},
  };
}

class EveryKind : public ::testing::TestWithParam<Kind> {};

TEST_P(EveryKind, is_verified_and_every_file_has_its_content) {
  const HandMade made = sample(GetParam().set);
  const auto reader = open(made, made.blob);
  Collector seen;
  reader->verify(seen, descriptor_of(made).digest, {});
  EXPECT_EQ(seen.names.size(), made.files.size());  // directories of no entry are implied by their files
  for (const auto& [path, content] : made.files) {
    EXPECT_EQ(seen.contents[path], hash::sha256(as_bytes(content))) << path;
  }
  Collector listed;
  reader->list(listed);
  EXPECT_EQ(listed.names, seen.names);
}

TEST_P(EveryKind, files_are_read_from_any_place) {
  const HandMade made = sample(GetParam().set);
  const auto reader = open(made, made.blob);
  for (const auto& [path, content] : made.files) {
    for (const std::size_t offset :
         {std::size_t{0}, std::size_t{1}, std::size_t{4095}, std::size_t{4096}, content.size()}) {
      Bytes out(5000);
      const std::size_t count = reader->read_file(path, offset, out);
      const std::string want = offset > content.size() ? "" : content.substr(offset, 5000);
      EXPECT_EQ(as_text(ByteView(out).first(count)), want) << path << " from " << offset;
    }
  }
  Bytes out(1);
  EXPECT_THROW(reader->read_file("a", 0, out), FormatError);
  EXPECT_THROW(reader->read_file("nothing", 0, out), FormatError);
}

TEST_P(EveryKind, is_unpacked_to_a_tar_of_the_same_files) {
  const HandMade made = sample(GetParam().set);
  io::MemorySink sink;
  unpack_layer(descriptor_of(made), source_of(made.blob), sink, options_for(made));
  io::MemoryStream stream(sink.view());
  tar::Reader tar(stream);
  std::map<std::string, std::string> contents;
  while (const tar::Entry* const entry = tar.next()) {
    std::string& content = contents[entry->name];
    for (ByteView piece = tar.payload(); !piece.empty(); piece = tar.payload()) content += as_text(piece);
  }
  EXPECT_EQ(contents, (std::map<std::string, std::string>(made.files.begin(), made.files.end())));
}

TEST_P(EveryKind, every_damaged_byte_is_noticed) {
  HandMade made = sample(GetParam().set);
  // With the digest of its descriptor nothing can slip through.
  const oci::Descriptor layer = descriptor_of(made);
  for (std::size_t i = 0; i < made.blob.size(); i += 131) {
    std::string damaged = made.blob;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    Collector ignored;
    EXPECT_THROW(open_reader(layer, source_of(damaged), options_for(made))->verify(ignored, {}, {}), Error) << i;
  }
}

TEST_P(EveryKind, damaged_data_is_noticed_without_a_digest_of_the_blob) {
  HandMade made = sample(GetParam().set);
  if (made.reference != HandMade::Reference::no) return;  // no data inside
  const std::size_t data_size = made.rafs.blobs.at(0).compressed_size - 512;
  for (std::size_t i = 0; i < std::min<std::size_t>(data_size, 20000); i += 401) {
    std::string damaged = made.blob;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    Collector ignored;
    try {
      open_reader({}, source_of(damaged), {})->verify(ignored, {}, {});
    } catch (const Error&) {
      continue;
    }
    // v6: chunk data ends before the chunk information; all of it is covered by digests.
    ADD_FAILURE() << "byte " << i << " changed unnoticed";
  }
}

TEST_P(EveryKind, every_cut_is_refused) {
  const HandMade made = sample(GetParam().set);
  for (std::size_t size = 0; size < made.blob.size(); size += 1021) {
    Collector ignored;
    EXPECT_THROW(open(made, made.blob.substr(0, size))->verify(ignored, {}, {}), Error) << size;
  }
}

INSTANTIATE_TEST_SUITE_P(NydusReader, EveryKind, ::testing::ValuesIn(kinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST(NydusReader, layers_of_other_formats_are_left_alone) {
  EXPECT_EQ(open_reader({}, source_of(std::string(10000, 'x')), {}), nullptr);
  EXPECT_EQ(open_reader({}, source_of(""), {}), nullptr);
}

TEST(NydusReader, layer_without_annotations_is_known_by_its_tail) {
  const HandMade made = sample([](HandMade&) {});
  const auto reader = open_reader({}, source_of(made.blob), {});
  ASSERT_NE(reader, nullptr);
  const LayerSummary summary = reader->summary();
  EXPECT_EQ(summary.format, "Nydus layer (RAFS v6)");
  EXPECT_EQ(summary.entries, made.files.size());
}

TEST(NydusReader, layer_without_chunks_is_verified) {
  HandMade made;
  made.files = {{"etc/empty", ""}, {"etc/.wh.gone", ""}};
  made.make();
  Collector seen;
  open(made, made.blob)->verify(seen, {}, {});
  EXPECT_EQ(seen.names, (std::vector<std::string>{"etc/.wh.gone", "etc/empty"}));
  std::string damaged = made.blob;
  damaged[0] = static_cast<char>(damaged[0] ^ 1);
  EXPECT_THROW(open(made, damaged)->verify(seen, {}, {}), Error);
}

TEST(NydusReader, diff_id_that_is_not_the_layers_digest_is_refused) {
  const HandMade made = sample([](HandMade&) {});
  Collector ignored;
  EXPECT_THROW(open(made, made.blob)->verify(ignored, hash::sha256(as_bytes("other")), {}), DigestMismatch);
}

TEST(NydusReader, reference_layer_says_what_it_needs) {
  const HandMade made = sample([](HandMade& m) { m.reference = HandMade::Reference::zran; });
  const auto reader = open_reader(descriptor_of(made), source_of(made.blob), {});
  Collector listed;
  reader->list(listed);  // needs nothing else
  EXPECT_EQ(listed.names.size(), made.files.size());
  Collector ignored;
  EXPECT_THROW(reader->verify(ignored, {}, {}), UnsupportedError);
}

TEST(NydusReader, blob_with_its_bootstrap_elsewhere_is_named_and_no_more) {
  oci::Descriptor layer;
  layer.media_type = kBlobMediaType;
  const auto reader = open_reader(layer, source_of(std::string(10000, 'x')), {});
  ASSERT_NE(reader, nullptr);
  EXPECT_EQ(reader->summary().format, "Nydus blob");
  Collector ignored;
  EXPECT_THROW(reader->list(ignored), UnsupportedError);
}

TEST(NydusReader, cancelled_verification_ends) {
  const HandMade made = sample([](HandMade&) {});
  CancelSource cancel;
  cancel.cancel();
  Collector ignored;
  EXPECT_THROW(open(made, made.blob)->verify(ignored, {}, cancel.token()), Cancelled);
}

/// Counts how its bytes are read.
class CountingSource final : public io::ByteSource {
 public:
  explicit CountingSource(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] std::uint64_t size() const override { return text_.size(); }
  void read_at(std::uint64_t offset, MutableByteView out) override {
    bytes_read += out.size();
    io::MemorySource(as_bytes(text_)).read_at(offset, out);
  }
  std::uint64_t bytes_read = 0;

 private:
  std::string text_;
};

TEST(NydusReader, blob_is_read_once) {
  HandMade made;
  for (int i = 0; i < 50; ++i) {
    made.files.emplace_back("file" + std::to_string(i), sample_text(100000, static_cast<std::uint32_t>(i)));
  }
  made.make();
  const auto source = std::make_shared<CountingSource>(made.blob);
  Collector ignored;
  open_reader(descriptor_of(made), source, {})->verify(ignored, {}, {});
  // The metadata at the end is read twice: to find the chunks, and for the digest of the blob.
  EXPECT_LT(source->bytes_read, made.blob.size() * 102 / 100 + 3 * (made.blob.size() - 5'000'000));
}

}  // namespace
}  // namespace accel::formats::nydus
