/// RAFS blobs put together section by section with right headers and digests, so that no checksum stands in the way of
/// the readers' logic; and everything that is done with one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/formats/nydus/layout.hpp"
#include "accel/formats/nydus/rafs_reader.hpp"
#include "accel/formats/nydus/reader.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/memory.hpp"
#include "accel/tar/header.hpp"

namespace accel::fuzz {

class BlobBuilder {
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

inline formats::OpenOptions reader_limits() {
  formats::OpenOptions options;
  options.decode_limits = {1100, 1U << 20U, 4U << 20U};
  options.max_toc_bytes = 1U << 20U;
  options.max_toc_entries = 10'000;
  return options;
}

class Visitor final : public formats::LayerVisitor {
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

/// Does everything a reader can do; only the errors of its contract may come out.
inline void use_blob(const oci::Descriptor& layer, const std::shared_ptr<io::ByteSource>& blob,
                     const formats::OpenOptions& options) {
  using formats::nydus::open_reader;
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
}

}  // namespace accel::fuzz
