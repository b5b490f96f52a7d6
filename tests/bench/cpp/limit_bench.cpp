// What the bare library calls cost for one layer: the limit that a conversion is compared with (docs/benchmarks.md).
// Usage: limit_bench LAYER.tar.gz [LEVEL [zstd]]. One thread; prints CPU seconds of each step and the output size as
// JSON.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/codec/codec.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/memory.hpp"
#include "accel/tar/reader.hpp"

namespace {

using namespace accel;

constexpr std::size_t kChunk = 4U << 20U;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

template <class F>
double timed(F work) {
  const double begin = cpu_seconds();
  work();
  return cpu_seconds() - begin;
}

Buffer read_file(const char* name) {
  Buffer content;
  std::FILE* file = std::fopen(name, "rb");
  if (file == nullptr) return content;
  std::fseek(file, 0, SEEK_END);
  content.resize(static_cast<std::size_t>(std::ftell(file)));
  std::rewind(file);
  if (std::fread(content.data(), 1, content.size(), file) != content.size()) content.clear();
  std::fclose(file);
  return content;
}

/// A unit as an eStargz encoder cuts it: a chunk and what follows it up to the next chunk.
struct Unit {
  std::size_t begin = 0, payload = 0, end = 0;
};

std::vector<Unit> cut(ByteView plain) {
  io::MemoryStream stream(plain);
  tar::Reader reader(stream);
  std::vector<Unit> units{{0, 0, 0}};
  while (const tar::Entry* entry = reader.next()) {
    for (std::uint64_t offset = 0; offset < entry->size; offset += kChunk) {
      const auto begin = static_cast<std::size_t>(entry->payload_offset + offset);
      units.back().end = begin;
      units.push_back({begin, static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, entry->size - offset)), 0});
    }
  }
  units.back().end = plain.size();
  return units;
}

void inflate(ByteView source, Buffer& plain) {
  io::MemoryStream stream(source);
  const auto decoder = codec::make_decoder(codec::Compression::gzip, stream);
  for (std::size_t count = 1; count > 0;) {
    const std::size_t old_size = plain.size();
    plain.resize(old_size + (1U << 20U));
    count = io::read_full(*decoder, {plain.data() + old_size, 1U << 20U});
    plain.resize(old_size + count);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: limit_bench LAYER.tar.gz [LEVEL [zstd]]\n");
    return 2;
  }
  const int level = argc > 2 ? std::atoi(argv[2]) : 6;
  const auto encoder =
      argc > 3 && std::string(argv[3]) == "zstd" ? codec::make_zstd_encoder(level) : codec::make_gzip_encoder(level);
  const Buffer source = read_file(argv[1]);
  Buffer plain(source.size() * 8);
  Buffer target(source.size() * 2);
  std::vector<Unit> units;

  const double t_source = timed([&] { hash::sha256(source.view()); });
  const double t_inflate = timed([&] { inflate(source.view(), plain); });
  // Twice: the source's diffID is verified, the target's is computed.
  const double t_diff_ids = timed([&] {
    hash::sha256(plain.view());
    hash::sha256(plain.view());
  });
  const double t_parse = timed([&] { units = cut(plain.view()); });
  const double t_chunks = timed([&] {
    for (const Unit& unit : units) hash::sha256(plain.view().subspan(unit.begin, unit.payload));
  });
  const double t_compress = timed([&] {
    for (const Unit& unit : units) encoder->encode(plain.view().subspan(unit.begin, unit.end - unit.begin), target);
  });
  const double t_target = timed([&] { hash::sha256(target.view()); });
  std::printf(
      "{\"tar\":%zu,\"source\":%zu,\"target\":%zu,\"units\":%zu,\"sha_source\":%.3f,\"inflate\":%.3f,"
      "\"sha_diff_ids\":%.3f,\"parse\":%.3f,\"sha_chunks\":%.3f,\"compress\":%.3f,\"sha_target\":%.3f,\"total\":%.3f}"
      "\n",
      plain.size(), source.size(), target.size(), units.size(), t_source, t_inflate, t_diff_ids, t_parse, t_chunks,
      t_compress, t_target, t_source + t_inflate + t_diff_ids + t_parse + t_chunks + t_compress + t_target);
  return 0;
}
