// Speed of reading and writing tar headers and of building trees, on a layer of many small files.
//
//   ./tar_bench                 68,000 files made up here, as many as corpus C of docs/benchmarks.md has
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "accel/fs/tree.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/memory.hpp"
#include "accel/tar/reader.hpp"
#include "accel/tar/writer.hpp"

namespace accel {
namespace {

constexpr std::size_t kFiles = 68'000;

/// Names as node_modules have them; every hundredth too long for a ustar header.
std::vector<tar::Entry> make_entries(std::uint64_t size) {
  std::vector<tar::Entry> entries;
  entries.reserve(kFiles);
  for (std::size_t i = 0; i < kFiles; ++i) {
    tar::Entry entry;
    entry.name = "usr/lib/node_modules/package-" + std::to_string(i / 40) + "/lib/" + std::to_string(i) + ".js";
    if (i % 100 == 0) entry.name += std::string(150, 'n');
    entry.mode = 0644;
    entry.mtime.seconds = 1'700'000'000 + static_cast<std::int64_t>(i);
    entry.size = size;
    entries.push_back(std::move(entry));
  }
  return entries;
}

Buffer make_tar(std::uint64_t size) {
  Buffer tar;
  for (const tar::Entry& entry : make_entries(size)) {
    tar::write_header(entry, tar);
    tar.append_zeros(static_cast<std::size_t>(size) + tar::padding_size(size));
  }
  tar::write_end(tar);
  return tar;
}

void count_files(benchmark::State& state) {
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kFiles));
}

/// Arg: bytes of content a file.
void read_tar(benchmark::State& state) {
  const Buffer tar = make_tar(static_cast<std::uint64_t>(state.range(0)));
  for (auto _ : state) {
    io::MemoryStream stream(tar.view());
    tar::Reader reader(stream);
    std::uint64_t bytes = 0;
    while (const tar::Entry* const entry = reader.next()) {
      bytes += entry->size;
      for (ByteView piece = reader.payload(); !piece.empty(); piece = reader.payload()) bytes += piece.size();
    }
    benchmark::DoNotOptimize(bytes);
  }
  count_files(state);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * tar.size()));
}
BENCHMARK(read_tar)->Arg(0)->Arg(1000)->Arg(12'000)->Unit(benchmark::kMillisecond);

void write_headers(benchmark::State& state) {
  const std::vector<tar::Entry> entries = make_entries(0);
  Buffer out;
  for (auto _ : state) {
    out.clear();
    for (const tar::Entry& entry : entries) tar::write_header(entry, out);
    benchmark::DoNotOptimize(out.data());
  }
  count_files(state);
}
BENCHMARK(write_headers)->Unit(benchmark::kMillisecond);

fs::Tree make_tree(const std::vector<tar::Entry>& entries) {
  const hash::Digest content = hash::sha256({});
  fs::Tree tree;
  tree.begin_layer();
  for (const tar::Entry& entry : entries) tree.add(entry, content);
  tree.end_layer();
  return tree;
}

void build_tree(benchmark::State& state) {
  const std::vector<tar::Entry> entries = make_entries(0);
  for (auto _ : state) {
    const fs::Tree tree = make_tree(entries);
    benchmark::DoNotOptimize(tree.size());
  }
  count_files(state);
}
BENCHMARK(build_tree)->Unit(benchmark::kMillisecond);

void compare_trees(benchmark::State& state) {
  const fs::Tree left = make_tree(make_entries(0));
  const fs::Tree right = make_tree(make_entries(0));
  for (auto _ : state) {
    if (!fs::compare(left, right, true).empty()) state.SkipWithError("equal trees differ");
  }
  count_files(state);
}
BENCHMARK(compare_trees)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace accel
