#include "accel/convert/limits.hpp"

#include <algorithm>

#include "accel/base/thread_pool.hpp"

namespace accel::convert {

namespace {

constexpr std::size_t kMinEncoderBytes = 16U << 20U;  // less than a few chunks would leave the pool idle
constexpr std::size_t kBytesPerJob = 8U << 20U;       // two chunks of the usual 4 MiB
constexpr std::size_t kBytesPerEncoder = 4U << 20U;   // one chunk

}  // namespace

Limits plan_limits(std::size_t jobs, std::size_t memory_bytes, std::size_t upload_bytes, std::size_t connections,
                   std::size_t targets, std::size_t layers) {
  const std::size_t layer_bytes = std::max<std::size_t>(upload_bytes * targets, 1);
  const std::size_t wanted = std::max<std::size_t>(2, jobs + 1);  // one more than cores: one may wait for the network
  Limits limits;
  limits.layers = std::min({wanted, memory_bytes / 2 / layer_bytes, connections / (1 + targets)});
  limits.layers = std::clamp<std::size_t>(limits.layers, 1, std::max<std::size_t>(layers, 1));
  const std::size_t uploads = std::min(limits.layers * layer_bytes, memory_bytes);
  const std::size_t useful = jobs * kBytesPerJob + limits.layers * targets * kBytesPerEncoder;
  limits.encoder_bytes = std::max(std::min(memory_bytes - uploads, useful), kMinEncoderBytes);
  return limits;
}

Limits plan_limits(const Environment& environment, std::size_t targets, std::size_t layers) {
  return plan_limits(worker_threads(environment), environment.memory_bytes, environment.registry.upload_chunk_bytes,
                     environment.registry.max_connections, targets, layers);
}

std::size_t worker_threads(const Environment& environment) {
  return environment.jobs > 0 ? environment.jobs : ThreadPool::available_cores();
}

}  // namespace accel::convert
