#include "accel/formats/nydus/encrypt.hpp"

#include <algorithm>
#include <cstring>

#include "accel/crypt/aes_xts.hpp"
#include "accel/crypt/random.hpp"

namespace accel::formats::nydus {

namespace {

/// A shorter item is padded to a block, and these bytes behind the block say so.
constexpr std::array<std::byte, 2> kPaddedMark = {std::byte{0x78}, std::byte{0x90}};
constexpr std::size_t kPaddedSize = crypt::kXtsBlock + kPaddedMark.size();

/// AES-XTS is not safe with equal halves. Spec: nydus-blob.md 7.
void separate_halves(std::array<std::byte, 32>& key) {
  const auto middle = key.begin() + static_cast<std::ptrdiff_t>(key.size() / 2);
  if (!std::equal(key.begin(), middle, middle)) return;
  constexpr std::byte kFill{0xA5};
  std::fill(key.begin(), middle, *middle == kFill ? ~kFill : kFill);
}

}  // namespace

BlobKey make_blob_key() {
  BlobKey key;
  crypt::random_bytes(key.key);
  crypt::random_bytes(key.iv);
  separate_halves(key.key);
  return key;
}

std::size_t encrypted_size(std::size_t size) noexcept { return size < crypt::kXtsBlock ? kPaddedSize : size; }

void encrypt_item(const BlobKey& key, ByteView item, Buffer& out) {
  std::array<std::byte, kPaddedSize> padded;
  if (item.size() < crypt::kXtsBlock) {
    padded.fill(static_cast<std::byte>(crypt::kXtsBlock - item.size()));
    if (!item.empty()) std::memcpy(padded.data(), item.data(), item.size());
    std::copy(kPaddedMark.begin(), kPaddedMark.end(), padded.begin() + crypt::kXtsBlock);
    item = padded;
  }
  const std::size_t begin = out.size();
  out.resize(begin + item.size());
  crypt::aes128_xts_encrypt(key.key, key.iv, item, {out.data() + begin, item.size()});
}

void decrypt_item(const BlobKey& key, ByteView item, Buffer& out) {
  const std::size_t begin = out.size();
  out.resize(begin + item.size());
  crypt::aes128_xts_decrypt(key.key, key.iv, item, {out.data() + begin, item.size()});
  // QUIRK: an item that really has 18 bytes and ends so is cut as well; readers have no way to tell.
  const ByteView plain = out.view().subspan(begin);
  if (plain.size() != kPaddedSize || !std::equal(kPaddedMark.begin(), kPaddedMark.end(), plain.end() - 2)) return;
  const auto padding = std::to_integer<std::size_t>(plain[crypt::kXtsBlock - 1]);
  if (padding <= crypt::kXtsBlock) out.resize(begin + crypt::kXtsBlock - padding);
}

}  // namespace accel::formats::nydus
