// Speed of decoding, encoding and hashing, on units as layers have them.
//
//   ACCEL_BENCH_DATA=some.tar ./codec_bench --benchmark_filter=deflate
//
// The data is the file that ACCEL_BENCH_DATA names (its first 16 MiB), or else text made up here, which compresses
// better than real layers do: compare its figures with each other only.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "accel/codec/codec.hpp"
#include "accel/hash/crc64.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/file.hpp"
#include "accel/io/memory.hpp"

namespace accel {
namespace {

constexpr std::size_t kDataSize = std::size_t{16} << 20U;

Bytes made_up_data() {
  std::string text;
  std::uint32_t state = 1;
  while (text.size() < kDataSize) {
    state = state * 1664525U + 1013904223U;
    text += "  entry_" + std::to_string(state >> 20U) + (state >> 31U == 0 ? " = read(\"usr/lib/" : "(value, ");
    if ((state & 0x7000U) == 0) text += static_cast<char>(state >> 24U);
    if ((state & 0x300U) == 0) text += ");\n";
  }
  text.resize(kDataSize);
  return to_bytes(as_bytes(text));
}

const Bytes& data() {
  static const Bytes bytes = [] {
    const char* const path = std::getenv("ACCEL_BENCH_DATA");
    if (path == nullptr) return made_up_data();
    io::FileStream file{std::filesystem::path(path)};
    Bytes content(kDataSize);
    content.resize(io::read_full(file, content));
    return content;
  }();
  return bytes;
}

std::vector<ByteView> chunks(std::size_t size) {
  std::vector<ByteView> list;
  for (ByteView rest = data(); !rest.empty(); rest = rest.subspan(list.back().size())) {
    list.push_back(rest.first(std::min(size, rest.size())));
  }
  return list;
}

void report(benchmark::State& state, std::size_t compressed_size) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(data().size()));
  if (compressed_size > 0) {
    state.counters["ratio"] = static_cast<double>(compressed_size) / static_cast<double>(data().size());
  }
}

void encode(benchmark::State& state, codec::UnitEncoder& encoder, std::size_t chunk_size) {
  const std::vector<ByteView> list = chunks(chunk_size);
  std::size_t size = 0;
  for ([[maybe_unused]] auto step : state) {
    size = 0;
    for (const ByteView chunk : list) {
      Buffer unit;
      encoder.encode(chunk, unit);
      size += unit.size();
    }
  }
  report(state, size);
}

Buffer compressed(codec::UnitEncoder& encoder, std::size_t chunk_size) {
  Buffer units;
  for (const ByteView chunk : chunks(chunk_size)) encoder.encode(chunk, units);
  return units;
}

void decode(benchmark::State& state, codec::Compression compression, const Buffer& units) {
  Bytes block(256 << 10);
  for ([[maybe_unused]] auto step : state) {
    io::MemoryStream input(units.view());
    const auto decoder = codec::make_decoder(compression, input);
    while (decoder->read(block) > 0) benchmark::ClobberMemory();
  }
  report(state, units.size());
}

void decode_units(benchmark::State& state, codec::Compression compression, codec::UnitEncoder& encoder,
                  std::size_t chunk_size) {
  std::vector<Buffer> units;
  for (const ByteView chunk : chunks(chunk_size)) encoder.encode(chunk, units.emplace_back());
  Bytes content(chunk_size);
  for ([[maybe_unused]] auto step : state) {
    std::size_t left = data().size();
    for (const Buffer& unit : units) {
      const std::size_t size = std::min(chunk_size, left);
      codec::decode_unit(compression, unit.view(), MutableByteView(content).first(size));
      left -= size;
    }
  }
  report(state, 0);
}

std::size_t size_of(std::int64_t argument) { return static_cast<std::size_t>(argument); }

void deflate(benchmark::State& state) {
  encode(state, *codec::make_gzip_encoder(static_cast<int>(state.range(0))), size_of(state.range(1)));
}
BENCHMARK(deflate)
    ->ArgNames({"level", "chunk"})
    ->ArgsProduct({{1, 4, 5, 6, 7, 9, 12}, {4 << 20}})
    ->ArgsProduct({{1, 4, 5, 6, 7}, {1024, 16 << 10}})
    ->Unit(benchmark::kMillisecond);

void zstd_compress(benchmark::State& state) {
  encode(state, *codec::make_zstd_encoder(static_cast<int>(state.range(0))), size_of(state.range(1)));
}
BENCHMARK(zstd_compress)
    ->ArgNames({"level", "chunk"})
    ->ArgsProduct({{1, 3, 9}, {1024, 16 << 10, 4 << 20}})
    ->Unit(benchmark::kMillisecond);

void inflate(benchmark::State& state) {
  decode(state, codec::Compression::gzip, compressed(*codec::make_gzip_encoder(6), size_of(state.range(0))));
}
BENCHMARK(inflate)->ArgName("chunk")->Arg(1024)->Arg(16 << 10)->Arg(4 << 20)->Unit(benchmark::kMillisecond);

void zstd_decompress(benchmark::State& state) {
  decode(state, codec::Compression::zstd, compressed(*codec::make_zstd_encoder(3), size_of(state.range(0))));
}
BENCHMARK(zstd_decompress)->ArgName("chunk")->Arg(1024)->Arg(16 << 10)->Arg(4 << 20)->Unit(benchmark::kMillisecond);

void gzip_units(benchmark::State& state) {
  decode_units(state, codec::Compression::gzip, *codec::make_gzip_encoder(6), size_of(state.range(0)));
}
BENCHMARK(gzip_units)->ArgName("chunk")->Arg(1024)->Arg(16 << 10)->Arg(4 << 20)->Unit(benchmark::kMillisecond);

void zstd_units(benchmark::State& state) {
  decode_units(state, codec::Compression::zstd, *codec::make_zstd_encoder(3), size_of(state.range(0)));
}
BENCHMARK(zstd_units)->ArgName("chunk")->Arg(1024)->Arg(16 << 10)->Arg(4 << 20)->Unit(benchmark::kMillisecond);

void sha256(benchmark::State& state) {
  const std::vector<ByteView> list = chunks(size_of(state.range(0)));
  for ([[maybe_unused]] auto step : state) {
    for (const ByteView chunk : list) benchmark::DoNotOptimize(hash::sha256(chunk));
  }
  report(state, 0);
}
BENCHMARK(sha256)->ArgName("chunk")->Arg(512)->Arg(4096)->Arg(1 << 20)->Unit(benchmark::kMillisecond);

void crc64(benchmark::State& state) {
  for ([[maybe_unused]] auto step : state) benchmark::DoNotOptimize(hash::crc64_iso(data()));
  report(state, 0);
}
BENCHMARK(crc64)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace accel
