/// Digests as the 32 bytes that tables of RAFS hold.
#pragma once

#include "accel/formats/nydus/rafs/rafs.hpp"
#include "accel/hash/digest.hpp"

namespace accel::formats::nydus {

/// The bytes of a SHA-256 digest.
RawDigest raw_digest(const hash::Digest& digest);

/// The digest of `bytes`.
RawDigest raw_digest(Digester digester, ByteView bytes);

}  // namespace accel::formats::nydus
