/// Digests of chunks, small and large.
#include <benchmark/benchmark.h>

#include "accel/hash/blake3.hpp"
#include "accel/hash/crc32c.hpp"
#include "accel/hash/hasher.hpp"

namespace accel::hash {
namespace {

Bytes content(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 131 >> 3U);
  return bytes;
}

template <class F>
void run(benchmark::State& state, F digest) {
  const Bytes bytes = content(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(digest(ByteView(bytes)));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void blake3_chunks(benchmark::State& state) { run(state, blake3); }
void sha256_chunks(benchmark::State& state) { run(state, sha256); }
void crc32c_chunks(benchmark::State& state) {
  run(state, [](ByteView bytes) { return crc32c(bytes); });
}

BENCHMARK(blake3_chunks)->Arg(1000)->Arg(4096)->Arg(65536)->Arg(1 << 20);
BENCHMARK(sha256_chunks)->Arg(1000)->Arg(4096)->Arg(65536)->Arg(1 << 20);
BENCHMARK(crc32c_chunks)->Arg(1000)->Arg(1 << 20);

}  // namespace
}  // namespace accel::hash
