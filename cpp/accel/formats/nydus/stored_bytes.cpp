#include "accel/formats/nydus/stored_bytes.hpp"

#include <algorithm>

#include "accel/base/error.hpp"
#include "accel/codec/chunk_codec.hpp"
#include "accel/crypt/aes_xts.hpp"
#include "accel/formats/nydus/compressor.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::size_t kPaddedSize = crypt::kXtsBlock + 2;

}  // namespace

void decrypt_item(const Blob& blob, Buffer& item) {
  if ((blob.features & feature::kEncrypted) == 0) return;
  if (item.size() < crypt::kXtsBlock || item.size() > crypt::kXtsMaxUnit) {
    throw FormatError("decrypt a nydus blob: an item of " + std::to_string(item.size()) + " bytes cannot be encrypted");
  }
  const MutableByteView bytes(item.data(), item.size());
  crypt::aes128_xts_decrypt(blob.key, blob.iv, bytes, bytes);
  // Shorter items than a block of the cipher were filled up, and marked by two bytes (nydus-blob.md 7).
  if (item.size() != kPaddedSize || bytes[16] != std::byte{0x78} || bytes[17] != std::byte{0x90}) return;
  const auto padding = std::to_integer<std::size_t>(bytes[crypt::kXtsBlock - 1]);
  if (padding == 0 || padding > crypt::kXtsBlock) {
    throw FormatError("decrypt a nydus blob: an item's padding is damaged, or the key is wrong");
  }
  item.resize(crypt::kXtsBlock - padding);
}

void decompress_item(Compressor compressor, ByteView item, MutableByteView out) {
  codec::decode_chunk(chunk_codec(compressor), item, out);
}

}  // namespace accel::formats::nydus
