#include "accel/formats/estargz/options.hpp"

#include <unordered_set>

#include "accel/base/error.hpp"
#include "accel/base/json.hpp"
#include "accel/tar/path.hpp"

namespace accel::formats::estargz {

namespace {

constexpr long long kMinChunkSize = 512;
constexpr long long kMaxChunkSize = 32LL << 20U;  // a unit is held in memory whole, one per worker
constexpr long long kMaxMinChunkSize = 4LL << 20U;
constexpr int kMaxGzipLevel = 12;
constexpr int kMaxZstdLevel = 22;

std::string record_path(const std::string& line) {
  try {
    return json::parse(line, "record").object().at("path").text();
  } catch (const FormatError& error) {
    throw ConfigError("prioritized_files holds a record that cannot be read: " + error.message(),
                      "give one path, or one JSON object with a path, on each line");
  }
}

void check_combination(const Options& options) {
  if (options.keep_diff_id && !options.external_toc) {
    throw ConfigError("keep_diff_id needs external_toc: a TOC inside the layer changes its diffID",
                      "set external_toc as well");
  }
  if (options.keep_diff_id && !options.prioritized_files.empty()) {
    throw ConfigError("keep_diff_id and prioritized_files exclude each other: moving files changes the diffID");
  }
  if (options.compression == Variant::zstdchunked && (options.external_toc || options.min_chunk_size > 0)) {
    throw ConfigError("external_toc and min_chunk_size are not known in zstd:chunked",
                      "leave them out, or set compression to estargz");
  }
}

}  // namespace

const OptionTable& option_table() {
  static const OptionTable table = {
      {"compression", OptionType::choice, "estargz", "estargz | zstdchunked",
       "Which format to make: eStargz (gzip), or zstd:chunked as stargz-snapshotter reads it.", true},
      {"compression_level", OptionType::integer, "6 (zstdchunked: 3)", "0 to 12 (zstdchunked: 1 to 22)",
       "How hard to compress; 10 is smaller and six times slower.", true},
      {"chunk_size", OptionType::integer, "4194304", "512 to 33554432 bytes; 0 is the default",
       "Most bytes of a file that are fetched and verified together.", true},
      {"min_chunk_size", OptionType::integer, "0", "0 to 4194304 bytes",
       "Compressed bytes below which small files share a gzip member; needs stargz-snapshotter 0.13 or later.", true},
      {"prioritized_files", OptionType::list, "", "",
       "Files to put first, so that they are fetched before a container starts: paths or records of ctr-remote, one a "
       "line.",
       true},
      {"external_toc", OptionType::boolean, "false", "true | false",
       "Store the TOCs in an image of their own, under the tag with -esgztoc.", true},
      {"keep_diff_id", OptionType::boolean, "false", "true | false",
       "Change no byte of the uncompressed layer; needs external_toc.", true},
      {"docker2oci", OptionType::boolean, "true", "true | false",
       "Accepted for existing configurations; the format's annotations need OCI manifests, so it is always done.",
       false},
  };
  return table;
}

std::uint64_t parse_chunk_size(const OptionReader& reader) {
  const long long size = reader.integer("chunk_size", 0, 0, kMaxChunkSize);
  if (size > 0 && size < kMinChunkSize) {
    reader.fail("chunk_size", "0 or a whole number from 512 to " + std::to_string(kMaxChunkSize));
  }
  return size == 0 ? kDefaultChunkSize : static_cast<std::uint64_t>(size);
}

std::vector<std::string> parse_prioritized_files(const std::vector<std::string>& lines) {
  std::vector<std::string> paths;
  std::unordered_set<std::string> seen;
  for (const std::string& line : lines) {
    std::string path = line.front() == '{' ? record_path(line) : line;
    if (seen.insert(tar::clean_path(path)).second) paths.push_back(std::move(path));
  }
  return paths;
}

Options parse_options(const OptionValues& values) {
  const OptionReader reader("estargz", option_table(), values);
  Options options;
  const bool zstd = reader.choice("compression", "estargz", {"estargz", "zstdchunked"}) == "zstdchunked";
  if (zstd) options.compression = Variant::zstdchunked;
  if (reader.given("compression_level")) {
    options.compression_level =
        static_cast<int>(reader.integer("compression_level", 0, zstd ? 1 : 0, zstd ? kMaxZstdLevel : kMaxGzipLevel));
  }
  options.chunk_size = parse_chunk_size(reader);
  options.min_chunk_size = static_cast<std::uint64_t>(reader.integer("min_chunk_size", 0, 0, kMaxMinChunkSize));
  options.prioritized_files = parse_prioritized_files(reader.list("prioritized_files"));
  options.external_toc = reader.boolean("external_toc", options.external_toc);
  options.keep_diff_id = reader.boolean("keep_diff_id", options.keep_diff_id);
  static_cast<void>(reader.boolean("docker2oci", true));
  check_combination(options);
  return options;
}

}  // namespace accel::formats::estargz
