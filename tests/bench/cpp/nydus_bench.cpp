// Speed and memory of Nydus metadata: trees, bootstraps, merging. No file content is touched.
//
//   ./nydus_bench              corpus C of docs/benchmarks.md has 97,000 names in its large layers
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <string>
#include <vector>

#include "accel/formats/nydus/merge.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "nydus_layers.hpp"

namespace accel::formats::nydus {
namespace {

std::size_t heap_bytes() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

FsVersion version_of(const benchmark::State& state) { return state.range(0) == 6 ? FsVersion::v6 : FsVersion::v5; }

/// Arg: files. Counts the memory the finished layer takes, names included.
void build_layer(benchmark::State& state) {
  const auto files = static_cast<std::size_t>(state.range(0));
  double bytes = 0;
  for (auto _ : state) {
    const std::size_t before = heap_bytes();
    const Rafs rafs = make_layer(FsVersion::v6, files, 0);
    bytes = static_cast<double>(heap_bytes() - before);
  }
  state.counters["bytes/file"] = bytes / static_cast<double>(files);
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(build_layer)->Arg(68'000)->Arg(200'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

/// Args: version, files.
void write_layer(benchmark::State& state) {
  const Rafs rafs = make_layer(version_of(state), static_cast<std::size_t>(state.range(1)), 0);
  for (auto _ : state) benchmark::DoNotOptimize(write_bootstrap(rafs).size());
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(1));
}
BENCHMARK(write_layer)->Args({6, 100'000})->Args({5, 100'000})->Unit(benchmark::kMillisecond);

void read_layer(benchmark::State& state) {
  const Buffer bootstrap = write_bootstrap(make_layer(version_of(state), static_cast<std::size_t>(state.range(1)), 0));
  for (auto _ : state) benchmark::DoNotOptimize(read_bootstrap(bootstrap.view()).tree.size());
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(1));
}
BENCHMARK(read_layer)->Args({6, 100'000})->Args({5, 100'000})->Unit(benchmark::kMillisecond);

/// Args: version, layers, files. From the layers' bootstraps to the image's, as a conversion does it.
void merge_image(benchmark::State& state) {
  const std::vector<Buffer> bootstraps = make_bootstraps(version_of(state), static_cast<std::size_t>(state.range(1)),
                                                         static_cast<std::size_t>(state.range(2)));
  Bytes digest(32);
  for (auto _ : state) {
    Merger merger;
    for (std::size_t i = 0; i < bootstraps.size(); ++i) {
      digest[0] = static_cast<std::byte>(i);
      merger.add({.rafs = read_bootstrap(bootstraps[i].view()), .blob = {hash::Algorithm::sha256, digest}});
    }
    benchmark::DoNotOptimize(write_bootstrap(merger.finish({"/"})).size());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(2));
}
BENCHMARK(merge_image)
    ->Args({6, 5, 97'000})
    ->Args({5, 5, 97'000})
    ->Args({6, 60, 100'000})
    ->Args({6, 60, 200'000})
    ->Args({6, 60, 400'000})
    ->Args({5, 60, 200'000})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace accel::formats::nydus
