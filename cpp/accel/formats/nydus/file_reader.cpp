#include "accel/formats/nydus/file_reader.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/rafs/raw_digest.hpp"
#include "accel/hash/hasher.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::size_t kCacheBytes = std::size_t{16} << 20U;

}  // namespace

FileReader::FileReader(const Rafs& rafs, OpenBlob open_blob)
    : rafs_(rafs), open_blob_(std::move(open_blob)), blobs_(rafs.blobs.size()), shared_(rafs.chunks.size()) {
  std::vector<bool> used(rafs.chunks.size());
  for (const std::uint32_t chunk : rafs.file_chunks) {
    if (used[chunk]) shared_[chunk] = true;
    used[chunk] = true;
  }
}

StoredBlob& FileReader::blob(std::uint32_t blob) {
  if (!blobs_[blob]) blobs_[blob] = open_blob_(blob);
  return *blobs_[blob];
}

ByteView FileReader::chunk(std::uint32_t position) {
  if (const auto found = cached_.find(position); found != cached_.end()) {
    cache_.splice(cache_.begin(), cache_, found->second);
    return found->second->content.view();
  }
  const Chunk& chunk = rafs_.chunks[position];
  const ByteView content = blob(chunk.blob).read(chunk);
  if (shared_[position]) keep(position, content);
  return content;
}

void FileReader::keep(std::uint32_t position, ByteView content) {
  while (!cache_.empty() && cached_bytes_ + content.size() > kCacheBytes) {
    cached_bytes_ -= cache_.back().content.size();
    cached_.erase(cache_.back().position);
    cache_.pop_back();
  }
  Kept& kept = cache_.emplace_front(Kept{position, Buffer(content.size())});
  kept.content.append(content);
  cached_.emplace(position, cache_.begin());
  cached_bytes_ += content.size();
}

std::span<const std::uint32_t> FileReader::chunks_of(const Inode& file) const {
  return std::span(rafs_.file_chunks).subspan(file.first_chunk, file.chunk_count);
}

std::size_t FileReader::read(const Inode& file, std::uint64_t offset, MutableByteView out) {
  if (offset >= file.size) return 0;
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), file.size - offset));
  std::size_t filled = 0;
  while (filled < wanted) {
    const std::uint64_t at = offset + filled;
    const ByteView content = chunk(chunks_of(file)[static_cast<std::size_t>(at / rafs_.chunk_size)]);
    const ByteView piece = content.subspan(static_cast<std::size_t>(at % rafs_.chunk_size));
    const std::size_t count = std::min(piece.size(), wanted - filled);
    std::memcpy(out.data() + filled, piece.data(), count);
    filled += count;
  }
  return filled;
}

void FileReader::stream(const Inode& file, const std::function<void(ByteView)>& sink) {
  for (const std::uint32_t position : chunks_of(file)) sink(chunk(position));
}

/// By the last chunk of each file in its blob, so that chunks stored for a file come in order, and those it shares with
/// earlier files are all that needs going back. Files of equal content are neighbours.
std::vector<std::uint32_t> FileReader::in_stored_order() const {
  struct Place {
    std::uint64_t last;
    std::uint32_t inode;
  };
  std::vector<Place> places;
  for (std::size_t number = 0; number < rafs_.tree.inode_count(); ++number) {
    const Inode& inode = rafs_.tree.inode_at(static_cast<std::uint32_t>(number));
    if (inode.type != tar::EntryType::regular || inode.chunk_count == 0) continue;
    std::uint64_t last = 0;
    for (const std::uint32_t position : chunks_of(inode)) {
      const Chunk& chunk = rafs_.chunks[position];
      last = std::max(last, std::uint64_t{chunk.blob} << 32U | chunk.index);
    }
    places.push_back({last, static_cast<std::uint32_t>(number)});
  }
  std::sort(places.begin(), places.end(), [&](const Place& a, const Place& b) {
    if (a.last != b.last) return a.last < b.last;
    const auto left = chunks_of(rafs_.tree.inode_at(a.inode));
    const auto right = chunks_of(rafs_.tree.inode_at(b.inode));
    if (std::ranges::equal(left, right)) return a.inode < b.inode;
    return std::ranges::lexicographical_compare(left, right);
  });
  std::vector<std::uint32_t> order;
  order.reserve(places.size());
  for (const Place& place : places) order.push_back(place.inode);
  return order;
}

std::vector<RawDigest> FileReader::digests(const CancelToken& cancel) {
  std::vector<RawDigest> digests(rafs_.tree.inode_count(), raw_digest(hash::sha256({})));
  const Inode* previous = nullptr;
  std::uint32_t previous_number = 0;
  for (const std::uint32_t number : in_stored_order()) {
    cancel.check();
    const Inode& file = rafs_.tree.inode_at(number);
    const bool same = previous != nullptr && std::ranges::equal(chunks_of(*previous), chunks_of(file));
    digests[number] = same ? digests[previous_number] : digest_of(file, cancel);
    previous = &file;
    previous_number = number;
  }
  return digests;
}

RawDigest FileReader::digest_of(const Inode& file, const CancelToken& cancel) {
  const auto chunks = chunks_of(file);
  const Chunk& first = rafs_.chunks[chunks.front()];
  const Blob& blob = rafs_.blobs[first.blob];
  if (chunks.size() == 1 && blob.digester == Digester::sha256 && (blob.features & feature::kTarfs) == 0) {
    static_cast<void>(chunk(chunks.front()));  // verifies that this is what the content has
    return first.digest;
  }
  hash::Hasher hasher;
  for (const std::uint32_t position : chunks) {
    cancel.check();
    hasher.update(chunk(position));
  }
  return raw_digest(hasher.finish());
}

}  // namespace accel::formats::nydus
