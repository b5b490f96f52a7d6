/// How much of a conversion runs at the same time, so that its memory stays within bounds.
#pragma once

#include <cstddef>

#include "accel/convert/request.hpp"

namespace accel::convert {

/// Memory of a conversion, apart from code and libraries (about 20 MiB):
///
///     uploads    layers × targets × upload chunk                  24 MiB   (3 × 1 × 8 MiB)
///     encoders   jobs × 8 MiB + layers × targets × 4 MiB          28 MiB   chunks or their compressed forms
///     workers    jobs × 4.5 MiB                                    9 MiB   what a chunk is being compressed into
///     reading    layers × 2 MiB read-ahead                         6 MiB
///     decoding   layers × window of the compression               24 MiB   (zstd: 8 MiB is usual and 128 MiB the most;
///                                                                          gzip: 32 KiB)
///
/// The figures are those of the defaults on two cores with one target. Uploads take at most half of
/// Environment::memory_bytes: with more targets fewer layers run side by side. Encoders take what uploads leave at
/// most, and no more than keeps the pool busy (a unit being compressed and one waiting for each job, 4 MiB each, and
/// one being filled for each layer and target). So the sum does not depend on the number and size of layers.
struct Limits {
  std::size_t layers = 1;         ///< converted side by side
  std::size_t encoder_bytes = 0;  ///< limit of the encoders' MemoryBudget
};

/// `jobs`: encoder threads; `memory_bytes`: Environment::memory_bytes; `upload_bytes`: of one upload;
/// `connections`: most of one host. A layer holds a connection while it is read, and needs others for its uploads.
Limits plan_limits(std::size_t jobs, std::size_t memory_bytes, std::size_t upload_bytes, std::size_t connections,
                   std::size_t targets, std::size_t layers);
/// The same for a job in this environment.
Limits plan_limits(const Environment& environment, std::size_t targets, std::size_t layers);

/// How many threads Environment::jobs means.
std::size_t worker_threads(const Environment& environment);

}  // namespace accel::convert
