/// How much of a conversion runs at the same time, so that its memory stays within bounds.
#pragma once

#include <cstddef>

namespace accel::convert {

/// Memory of a conversion, apart from code and libraries (about 15 MiB):
///
///     uploads    layers × targets × upload chunk     24 MiB   (3 × 1 × 8 MiB)
///     encoders   the rest of the environment's       40 MiB   (64 MiB − 24 MiB): chunks and their compressed forms
///     reading    layers × 2 MiB read-ahead            6 MiB
///     decoding   layers × up to 8 MiB zstd window     24 MiB   (gzip: 32 KiB)
///
/// The figures are those of the defaults on two cores with one target; the sum stays below 110 MiB for any number and
/// size of layers. With more targets fewer layers run side by side, since uploads may take half of the memory at most.
struct Limits {
  std::size_t layers = 1;         ///< converted side by side
  std::size_t encoder_bytes = 0;  ///< limit of the encoders' MemoryBudget
};

/// `jobs`: encoder threads; `memory_bytes`: Environment::memory_bytes; `upload_bytes`: of one upload;
/// `connections`: most of one host. A layer holds a connection while it is read, and needs others for its uploads.
Limits plan_limits(std::size_t jobs, std::size_t memory_bytes, std::size_t upload_bytes, std::size_t connections,
                   std::size_t targets, std::size_t layers);

}  // namespace accel::convert
