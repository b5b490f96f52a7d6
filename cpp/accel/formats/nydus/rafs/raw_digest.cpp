#include "accel/formats/nydus/rafs/raw_digest.hpp"

#include <algorithm>

#include "accel/hash/blake3.hpp"
#include "accel/hash/hasher.hpp"

namespace accel::formats::nydus {

RawDigest raw_digest(const hash::Digest& digest) {
  RawDigest bytes{};
  std::copy_n(digest.raw().begin(), std::min(digest.raw().size(), bytes.size()), bytes.begin());
  return bytes;
}

RawDigest raw_digest(Digester digester, ByteView bytes) {
  return digester == Digester::blake3 ? hash::blake3(bytes) : raw_digest(hash::sha256(bytes));
}

}  // namespace accel::formats::nydus
