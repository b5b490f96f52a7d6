// RAFS blobs: put together from invented sections with right headers and digests, so that no checksum stands in the way
// of the readers' logic; or, after a byte 1, any bytes.
//
//     u8 mode · u8 flags · u16 data · u16 chunk information · u16 digests · data · chunk information · digests ·
//     bootstrap
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/formats/nydus/layout.hpp"
#include "accel/formats/nydus/rafs_reader.hpp"
#include "accel/formats/nydus/reader.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/memory.hpp"
#include "accel/tar/header.hpp"

namespace {

using namespace accel;
using namespace accel::formats;
using namespace accel::formats::nydus;

constexpr std::size_t kHead = 8;

class Builder {
 public:
  void section(std::string_view name, ByteView content) {
    append(content);
    Bytes header(tar::kBlockSize);
    const tar::MutableBlock block(header.data(), tar::kBlockSize);
    tar::set_text_field(block, tar::field::kName, name);
    tar::set_number_field(block, tar::field::kSize, content.size());
    tar::set_text_field(block, tar::field::kTypeFlag, "0");
    tar::set_text_field(block, tar::field::kMagic, "ustar ");
    header[tar::field::kVersion.offset] = std::byte{' '};
    tar::set_checksum(block);
    append(header);
  }
  void entry(std::string_view name, ByteView hashed, std::uint64_t offset, std::uint64_t size) {
    Bytes bytes(128);
    store_le(bytes.data(), std::uint32_t{1});
    std::copy_n(as_bytes(name).begin(), name.size(), bytes.begin() + 8);
    const hash::Digest digest = hash::sha256(hashed);
    std::copy_n(digest.raw().begin(), 32, bytes.begin() + 24);
    store_le(bytes.data() + 56, offset);
    store_le(bytes.data() + 64, size);
    store_le(bytes.data() + 72, size);
    toc_.insert(toc_.end(), bytes.begin(), bytes.end());
  }
  [[nodiscard]] ByteView toc() const { return toc_; }
  [[nodiscard]] ByteView last(std::size_t size) const { return ByteView(blob_).last(size); }
  [[nodiscard]] std::size_t size() const { return blob_.size(); }
  Bytes take() { return std::move(blob_); }

 private:
  void append(ByteView bytes) { blob_.insert(blob_.end(), bytes.begin(), bytes.end()); }

  Bytes blob_, toc_;
};

Bytes assemble(ByteView input) {
  const auto size = [&](std::size_t at) { return std::size_t{load_le<std::uint16_t>(input.data() + at)}; };
  const bool with_toc = (std::to_integer<unsigned>(input[1]) & 1U) != 0;
  const std::size_t sizes[] = {size(2), size(4), size(6)};
  ByteView rest = input.subspan(kHead);
  std::vector<ByteView> parts;
  for (const std::size_t wanted : sizes) {
    parts.push_back(rest.first(std::min(wanted, rest.size())));
    rest = rest.subspan(parts.back().size());
  }
  Builder builder;
  if (!parts[0].empty()) {
    builder.section(section::kData, parts[0]);
    builder.entry(section::kData, builder.last(builder.size()), 0, parts[0].size());
  }
  if (parts[1].size() >= kCiHeaderSize) {
    const ByteView ci = parts[1].first(parts[1].size() - kCiHeaderSize);
    builder.entry(section::kMeta, ci, builder.size(), ci.size());
    builder.entry(section::kMetaHeader, parts[1].last(kCiHeaderSize), builder.size() + ci.size(), kCiHeaderSize);
    builder.section(section::kMeta, parts[1]);
  }
  if (with_toc && !parts[2].empty()) {
    builder.entry(section::kDigests, parts[2], builder.size(), parts[2].size());
    builder.section(section::kDigests, parts[2]);
  }
  builder.entry(section::kBootstrap, rest, builder.size(), rest.size());
  builder.section(section::kBootstrap, rest);
  if (with_toc) builder.section(section::kToc, builder.toc());
  return builder.take();
}

class Visitor final : public LayerVisitor {
 public:
  void entry(const tar::Entry& entry, const hash::Digest&) override { names.push_back(entry.name); }
  std::vector<std::string> names;
};

template <class Use>
void expect_documented(const Use& use) {
  try {
    use();
  } catch (const FormatError&) {
  } catch (const DigestMismatch&) {
  } catch (const UnsupportedError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < kHead) return 0;
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  const auto blob = std::make_shared<io::MemorySource>(data[0] == 1 ? to_bytes(input.subspan(1)) : assemble(input));
  oci::Descriptor layer;
  layer.media_type = kBlobMediaType;
  OpenOptions options;
  options.decode_limits = {1100, 1U << 20U, 4U << 20U};
  options.max_toc_bytes = 1U << 20U;
  options.max_toc_entries = 10'000;
  options.other_blobs = [blob](const oci::Descriptor&) { return blob; };
  Visitor visitor;
  expect_documented([&] {
    const auto reader = open_reader(layer, blob, options);
    static_cast<void>(reader->summary());
    reader->list(visitor);
    Bytes out(100);
    for (std::size_t i = 0; i < std::min<std::size_t>(visitor.names.size(), 20); ++i) {
      expect_documented([&] { static_cast<void>(reader->read_file(visitor.names[i], i * 1000, out)); });
    }
  });
  expect_documented([&] {
    Visitor again;
    open_reader(layer, blob, options)->verify(again, {}, {});
  });
  return 0;
}
