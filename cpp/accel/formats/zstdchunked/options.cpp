#include "accel/formats/zstdchunked/options.hpp"

#include "accel/base/error.hpp"
#include "accel/formats/estargz/options.hpp"

namespace accel::formats::zstdchunked {

namespace {

constexpr int kMinLevel = 1;
constexpr int kMaxLevel = 22;

void refuse_with(const OptionReader& reader, std::string_view option, const std::string& needed) {
  if (!reader.given(option)) return;
  throw ConfigError("option " + std::string(option) + " of driver zstdchunked needs " + needed,
                    "leave it out, or change dialect");
}

}  // namespace

const OptionTable& option_table() {
  static const OptionTable table = {
      {"dialect", OptionType::choice, "stargz", "stargz | containers | joint",
       "Which readers can pull lazily: stargz-snapshotter, containers/storage (podman), or both from one blob.", true},
      {"publish", OptionType::choice, "both", "both | stargz | containers",
       "Joint dialect: whose annotations the image has; with both, that for podman has the suffix -containers.", true},
      {"compression_level", OptionType::integer, "3", "1 to 22", "How hard to compress.", true},
      {"chunk_size", OptionType::integer, "4194304", "512 to 33554432 bytes; 0 is the default",
       "Stargz dialect: most bytes of a file that are fetched and verified together.", true},
      {"prioritized_files", OptionType::list, "", "",
       "Stargz dialect: files to put first, so that they are fetched before a container starts: paths or records of "
       "ctr-remote, one a line.",
       true},
  };
  return table;
}

Options parse_options(const OptionValues& values) {
  const OptionReader reader("zstdchunked", option_table(), values);
  Options options;
  const std::string dialect = reader.choice("dialect", "stargz", {"stargz", "containers", "joint"});
  if (dialect == "containers") options.dialect = Dialect::containers;
  if (dialect == "joint") options.dialect = Dialect::joint;
  if (options.dialect != Dialect::joint) refuse_with(reader, "publish", "dialect joint");
  if (options.dialect != Dialect::stargz) {
    refuse_with(reader, "chunk_size", "dialect stargz: the others cut files by their content");
    refuse_with(reader, "prioritized_files", "dialect stargz: the others keep the layer's order");
  }
  const std::string publish = reader.choice("publish", "both", {"both", "stargz", "containers"});
  if (publish == "stargz") options.publish = Publish::stargz;
  if (publish == "containers") options.publish = Publish::containers;
  options.compression_level =
      static_cast<int>(reader.integer("compression_level", options.compression_level, kMinLevel, kMaxLevel));
  options.chunk_size = estargz::parse_chunk_size(reader);
  options.prioritized_files = estargz::parse_prioritized_files(reader.list("prioritized_files"));
  return options;
}

}  // namespace accel::formats::zstdchunked
