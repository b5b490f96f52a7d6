/// RAFS blobs put together from nydus-blob.md without the project's writers of blobs, so that readers are tried against
/// the spec. Bootstraps come from write_bootstrap, which has tests of its own.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/base/endian.hpp"
#include "accel/codec/chunk_codec.hpp"
#include "accel/crypt/aes_xts.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/hash/blake3.hpp"
#include "accel/hash/crc32c.hpp"
#include "accel/hash/hasher.hpp"
#include "support/tar_builder.hpp"

namespace accel::testing {

namespace nydus = formats::nydus;
namespace feature = formats::nydus::feature;

/// One section of a blob with the tar header behind it.
inline std::string with_header(std::string_view name, std::string_view content) {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  header.replace(124, 11, octal(content.size(), 11));
  header.replace(136, 11, std::string(11, '0'));
  header[156] = '0';
  header.replace(257, 7, std::string_view("ustar  ", 7));
  header.replace(148, 8, std::string(8, ' '));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  header.replace(148, 7, octal(sum, 7));
  header[155] = '\0';
  return std::string(content) + header;
}

template <class T>
void put_le(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xFFU));
}

inline std::string raw_sha256(std::string_view text) { return to_string(hash::sha256(as_bytes(text)).raw()); }

/// What a test wants of a blob.
struct HandMade {
  nydus::FsVersion version = nydus::FsVersion::v6;
  nydus::Compressor compressor = nydus::Compressor::none;
  nydus::Digester digester = nydus::Digester::sha256;
  bool toc = true;
  bool encrypted = false;
  std::size_t batch_size = 0;
  /// Data is in a plain tar or gzip layer, which holds the files in this order.
  enum class Reference { no, tar, zran } reference = Reference::no;
  std::vector<std::pair<std::string, std::string>> files;  ///< path below the root, content

  // What `make` gives.
  std::string blob;
  std::string layer;  ///< the OCI layer of a reference
  nydus::Rafs rafs;

  void make() {
    rafs = {};
    rafs.version = version;
    rafs.chunk_size = kChunkSize;
    rafs.compressor = compressor;
    rafs.digester = digester;
    own_.id = nydus::kOwnBlobId;
    own_.features = feature::kCapTarToc | feature::kInlinedFsMeta | feature::kHasTarHeader;
    if (version == nydus::FsVersion::v6) own_.features |= feature::kAligned;
    if (toc) own_.features |= feature::kHasToc;
    own_.compressor = compressor;
    own_.digester = digester;
    if (encrypted) {
      own_.features |= feature::kEncrypted | feature::kChunkInfoV2;
      for (std::size_t i = 0; i < 32; ++i) own_.key.at(i) = static_cast<std::byte>(i);
      for (std::size_t i = 0; i < 16; ++i) own_.iv.at(i) = static_cast<std::byte>(i);
    }
    if (batch_size != 0) own_.features |= feature::kBatch | feature::kChunkInfoV2;
    if (reference != Reference::no) make_layer();
    for (const auto& [path, content] : files) add_file(path, content);
    if (batch_size != 0) flush_batch();
    assemble();
  }

  static constexpr std::uint32_t kChunkSize = 4096;

 private:
  [[nodiscard]] bool v2() const { return (own_.features & feature::kChunkInfoV2) != 0; }

  void add_file(const std::string& path, const std::string& content) {
    nydus::Tree::Name parent = nydus::Tree::kRoot;
    std::size_t begin = 0;
    for (std::size_t slash; (slash = path.find('/', begin)) != std::string::npos; begin = slash + 1) {
      const std::string name = path.substr(begin, slash - begin);
      nydus::Tree::Name child = rafs.tree.child(parent, name);
      if (child == nydus::Tree::kNone) {
        nydus::Inode directory;
        directory.implicit = true;
        child = rafs.tree.add(parent, name, rafs.tree.add_inode(directory));
      }
      parent = child;
    }
    nydus::Inode inode;
    inode.type = tar::EntryType::regular;
    inode.mode = 0644;
    inode.size = content.size();
    inode.first_chunk = static_cast<std::uint32_t>(rafs.file_chunks.size());
    for (std::size_t at = 0; at < content.size(); at += kChunkSize) {
      rafs.file_chunks.push_back(add_chunk(content.substr(at, kChunkSize), content.size() <= kChunkSize));
      ++inode.chunk_count;
    }
    rafs.tree.add(parent, path.substr(begin), rafs.tree.add_inode(inode));
  }

  std::uint32_t add_chunk(const std::string& content, bool only_one) {
    if (const auto found = known_.find(content); found != known_.end()) return found->second;
    nydus::Chunk chunk;
    if (digester == nydus::Digester::blake3) {
      chunk.digest = hash::blake3(as_bytes(content));
    } else {
      const std::string raw = raw_sha256(content);
      std::copy_n(as_bytes(raw).begin(), 32, chunk.digest.begin());
    }
    chunk.uncompressed_size = static_cast<std::uint32_t>(content.size());
    chunk.uncompressed_offset = own_.uncompressed_size;
    chunk.index = own_.chunk_count++;
    chunk.crc32c = hash::crc32c(as_bytes(content));
    chunk.flags = nydus::chunk_flag::kHasCrc;
    if (encrypted) chunk.flags |= nydus::chunk_flag::kEncrypted;
    own_.uncompressed_size += version == nydus::FsVersion::v6 ? (content.size() + 4095) / 4096 * 4096 : content.size();
    std::uint64_t v2_data = chunk.crc32c;
    std::uint64_t v2_flags = 0x10 | (encrypted ? 8U : 0U);
    if (reference != Reference::no) {
      chunk.compressed_offset = tar_.find(content);
      chunk.compressed_size = chunk.uncompressed_size;
      if (reference == Reference::zran) place_in_slice(chunk, v2_data, v2_flags);
    } else if (batch_size != 0 && only_one && content.size() < batch_size / 2) {
      if (batch_.size() + content.size() >= batch_size && !batch_.empty()) flush_batch();
      v2_flags = 0x05U | (encrypted ? 8U : 0U);
      v2_data = std::uint64_t{contexts_.size() / 40} << 32U | batch_.size();
      in_batch_.push_back(chunk.index);
      batch_ += content;
    } else {
      if (batch_size != 0 && !batch_.empty()) flush_batch();
      const auto [stored, compressed] = store(content);
      chunk.compressed_offset = data_.size();
      chunk.compressed_size = static_cast<std::uint32_t>(stored.size());
      if (compressed) chunk.flags |= nydus::chunk_flag::kCompressed, v2_flags |= 1;
      data_ += stored;
    }
    const std::uint64_t coff = (v2_flags & 4U) != 0 ? data_.size() : chunk.compressed_offset;
    put_info(chunk, coff, v2_flags, v2_data);
    for (const std::byte byte : chunk.digest) digests_.push_back(static_cast<char>(byte));
    rafs.chunks.push_back(chunk);
    return known_[content] = static_cast<std::uint32_t>(rafs.chunks.size() - 1);
  }

  void put_info(const nydus::Chunk& chunk, std::uint64_t coff, std::uint64_t flags, std::uint64_t data) {
    const std::uint64_t usize = chunk.uncompressed_size - 1;
    if (v2()) {
      put_le(ci_, chunk.uncompressed_offset >> 12U | usize << 32U | flags << 56U);
      put_le(ci_, coff | std::uint64_t{chunk.compressed_size} << 40U);
      put_le(ci_, data);
    } else {
      const std::uint64_t csize = chunk.compressed_size - 1;
      put_le(ci_, chunk.uncompressed_offset | (usize & 0xFFFFFU) << 44U | (usize >> 20U) << 8U);
      put_le(ci_, coff | (csize & 0xFFFFFU) << 44U | (csize >> 20U) << 40U);
    }
  }

  /// Compressed where that is shorter, then encrypted.
  std::pair<std::string, bool> store(const std::string& content) const {
    std::string stored = content;
    bool compressed = false;
    if (compressor != nydus::Compressor::none) {
      const auto codec = static_cast<codec::ChunkCodec>(compressor);
      Buffer out;
      codec::make_chunk_encoder(codec, codec::levels_of(codec).standard)->encode(as_bytes(content), out);
      compressed = out.size() < content.size();
      if (compressed) stored = to_string(out.view());
    }
    return {encrypted ? encrypt(stored) : stored, compressed};
  }

  [[nodiscard]] std::string encrypt(std::string item) const {
    if (item.size() < 16) {
      item.append(16 - item.size(), static_cast<char>(16 - item.size()));
      item.append("\x78\x90");
    }
    Bytes out(item.size());
    crypt::aes128_xts_encrypt(own_.key, own_.iv, as_bytes(item), out);
    return to_string(out);
  }

  void flush_batch() {
    if (batch_.empty()) return;
    const auto [stored, compressed] = store(batch_);
    data_ += stored;
    put_le(contexts_, static_cast<std::uint32_t>(stored.size()));
    put_le(contexts_, static_cast<std::uint32_t>(batch_.size()));
    contexts_.append(32, '\0');
    batch_.clear();
  }

  void make_layer() {
    own_.features |= feature::kSeparate | feature::kChunkInfoV2;
    own_.compressor = rafs.compressor = nydus::Compressor::gzip;
    TarBuilder builder;
    for (const auto& [path, content] : files) builder.file(path, content);
    builder.end();
    tar_ = builder.text();
    layer = tar_;
    if (reference == Reference::zran) {
      own_.features |= feature::kZran;
      compress_layer();
    }
    own_.id = hash::sha256(as_bytes(layer)).hex();
    own_.compressed_size = layer.size();
  }

  /// Two members; slices begin where Z_BLOCK says that a block does (nydus-blob.md 11.2).
  void compress_layer() {
    layer.clear();
    const std::size_t half = tar_.size() / 2 / 512 * 512;
    for (const std::string& part : {tar_.substr(0, half), tar_.substr(half)}) {
      z_stream stream{};
      deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
      std::string out(part.size() + 1000, '\0');
      stream.next_out = reinterpret_cast<Bytef*>(out.data());
      stream.avail_out = static_cast<uInt>(out.size());
      for (std::size_t at = 0; at < part.size(); at += 3000) {  // short blocks, not at byte boundaries
        const std::size_t size = std::min<std::size_t>(3000, part.size() - at);
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data() + at));
        stream.avail_in = static_cast<uInt>(size);
        deflate(&stream, at + size == part.size() ? Z_FINISH : Z_PARTIAL_FLUSH);
      }
      out.resize(stream.total_out);
      deflateEnd(&stream);
      layer += out;
    }
    find_blocks();
  }

  struct Block {
    std::uint64_t in, out;
    unsigned bits;
    unsigned char byte;
    std::string window;
  };

  void find_blocks() {
    z_stream stream{};
    inflateInit2(&stream, 31);
    std::string out(tar_.size() + 1, '\0');
    std::uint64_t in = 0, produced = 0;
    while (in < layer.size()) {
      stream.next_in = reinterpret_cast<Bytef*>(layer.data() + in);
      stream.avail_in = static_cast<uInt>(layer.size() - in);
      stream.next_out = reinterpret_cast<Bytef*>(out.data() + produced);
      stream.avail_out = static_cast<uInt>(out.size() - produced);
      const int code = inflate(&stream, Z_BLOCK);
      in = layer.size() - stream.avail_in;
      produced = out.size() - stream.avail_out;
      const auto type = static_cast<unsigned>(stream.data_type);
      if ((type & 0x80U) != 0 && (type & 0x40U) == 0) {
        Bytef window[32768];
        uInt size = 0;
        inflateGetDictionary(&stream, window, &size);
        const unsigned bits = type & 7U;
        const auto byte = static_cast<unsigned char>(bits != 0 ? layer[in - 1] : 0);
        blocks_.push_back({in, produced, bits, byte, std::string(reinterpret_cast<char*>(window), size)});
      }
      if (code == Z_STREAM_END) inflateReset(&stream);
    }
    inflateEnd(&stream);
  }

  /// Every chunk gets a slice of its own, from the last block at or before it to the first that is well behind it.
  void place_in_slice(nydus::Chunk& chunk, std::uint64_t& data, std::uint64_t& flags) {
    const std::uint64_t begin = chunk.compressed_offset;  // still in the tar
    const std::uint64_t end = begin + chunk.uncompressed_size;
    const auto above = [](std::uint64_t at, const Block& block) { return at < block.out; };
    const Block& first = *std::prev(std::upper_bound(blocks_.begin(), blocks_.end(), begin, above));
    const auto next = std::lower_bound(blocks_.begin(), blocks_.end(), end,
                                       [](const Block& block, std::uint64_t at) { return block.out < at; });
    const std::uint64_t in_end = next == blocks_.end() ? layer.size() : next->in;
    data = std::uint64_t{contexts_.size() / 40} << 32U | (begin - first.out);
    flags = 0x03;
    put_le(contexts_, first.in);
    put_le(contexts_, first.out);
    put_le(contexts_, std::uint64_t{windows_.size()});
    put_le(contexts_, static_cast<std::uint32_t>(in_end - first.in));
    put_le(contexts_, static_cast<std::uint32_t>(end - first.out));
    put_le(contexts_, static_cast<std::uint32_t>(first.window.size()));
    contexts_.push_back(static_cast<char>(first.byte));
    contexts_.push_back(static_cast<char>(first.bits));
    contexts_.append(2, '\0');
    windows_ += first.window;
    chunk.compressed_offset = first.in;
    chunk.compressed_size = static_cast<std::uint32_t>(in_end - first.in);
    chunk.flags |= nydus::chunk_flag::kCompressed;
  }

  void assemble() {
    const bool v6 = version == nydus::FsVersion::v6;
    std::string toc_entries;
    const auto add_entry = [&](std::string_view name, unsigned flags, std::string_view hashed, std::uint64_t offset,
                               std::uint64_t size, std::uint64_t uncompressed) {
      put_le(toc_entries, flags);
      put_le(toc_entries, 0U);
      toc_entries.append(name).append(16 - name.size(), '\0');
      toc_entries += raw_sha256(hashed);
      put_le(toc_entries, offset);
      put_le(toc_entries, size);
      put_le(toc_entries, uncompressed);
      toc_entries.append(48, '\0');
    };
    if (own_.chunk_count != 0 && reference == Reference::no) {
      blob = with_header("image.blob", data_);
      add_entry("image.blob", 1, blob, 0, data_.size(), own_.uncompressed_size);
    }
    if (own_.chunk_count != 0 && v6) add_meta(add_entry);
    if (own_.chunk_count != 0) {
      if (reference == Reference::no) own_.compressed_size = blob.size();
      rafs.blobs = {own_};
    }
    const std::string bootstrap = to_string(nydus::write_bootstrap(rafs).view());
    std::string stored = bootstrap;
    if (toc) {
      Buffer out;
      codec::make_chunk_encoder(codec::ChunkCodec::zstd, 3)->encode(as_bytes(bootstrap), out);
      stored = to_string(out.view());
      add_entry("image.boot", 2, bootstrap, blob.size(), stored.size(), bootstrap.size());
    }
    blob += with_header("image.boot", stored);
    if (toc) blob += with_header("rafs.blob.toc", toc_entries);
  }

  template <class AddEntry>
  void add_meta(const AddEntry& add_entry) {
    if (toc) own_.features |= feature::kInlinedChunkDigest;
    const std::string ci = ci_ + contexts_ + windows_;
    own_.ci_offset = blob.size();
    own_.ci_uncompressed_size = ci.size();
    Buffer packed;
    codec::make_chunk_encoder(codec::ChunkCodec::zstd, 3)->encode(as_bytes(ci), packed);
    std::string stored = ci;
    if (compressor == nydus::Compressor::zstd && packed.size() < ci.size()) {
      own_.ci_compressor = nydus::Compressor::zstd;
      stored = to_string(packed.view());
    }
    if (encrypted) stored = encrypt(stored);
    own_.ci_compressed_size = stored.size();
    std::string header;
    put_le(header, 0xB10BB10BU);
    put_le(header, own_.features);
    put_le(header, static_cast<std::uint32_t>(own_.ci_compressor));
    put_le(header, own_.chunk_count);
    put_le(header, own_.ci_offset);
    put_le(header, own_.ci_compressed_size);
    put_le(header, own_.ci_uncompressed_size);
    if (!contexts_.empty()) {
      put_le(header, std::uint64_t{ci_.size()});
      put_le(header, std::uint64_t{contexts_.size() + windows_.size()});
      put_le(header, static_cast<std::uint32_t>(contexts_.size() / 40));
    }
    header.resize(4092);
    put_le(header, 0xB10BB10BU);
    meta_file = ci + std::string((4096 - ci.size() % 4096) % 4096, '\0') + header;
    add_entry("blob.meta", own_.ci_compressor == nydus::Compressor::zstd ? 2 : 1, ci, blob.size(), stored.size(),
              ci.size());
    add_entry("blob.meta.header", 1, header, blob.size() + stored.size(), 4096, 4096);
    blob += with_header("blob.meta", stored + (encrypted ? encrypt(header) : header));
    if (!toc) return;
    add_entry("blob.digest", 1, digests_, blob.size(), digests_.size(), digests_.size());
    blob += with_header("blob.digest", digests_);
  }

  nydus::Blob own_;
  std::string data_, ci_, contexts_, windows_, digests_, batch_, tar_;
  std::vector<std::uint32_t> in_batch_;
  std::vector<Block> blocks_;
  std::map<std::string, std::uint32_t> known_;

 public:
  std::string meta_file;  ///< `image/<digest>.blob.meta`
};

/// Text that compresses somewhat, different for every seed.
inline std::string sample_text(std::size_t size, std::uint32_t seed) {
  std::string text;
  for (std::uint32_t state = seed * 2654435761U + 1; text.size() < size;) {
    state = state * 1664525U + 1013904223U;
    text += std::to_string(state >> 20U);
    text.push_back(' ');
  }
  text.resize(size);
  return text;
}

}  // namespace accel::testing
