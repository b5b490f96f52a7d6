#include "accel/formats/nydus/options.hpp"

#include <algorithm>
#include <bit>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/compressor.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::string_view kSizeRange = "a power of two from 4096 to 16777216 bytes, decimal or 0x";

/// The value of an option that has an older name; the new one wins, as in the reference.
std::string renamed_choice(const OptionReader& reader, std::string_view name, std::string_view old_name,
                           std::string fallback, const std::vector<std::string_view>& accepted) {
  const std::string old_value = reader.choice(old_name, std::move(fallback), accepted);
  return reader.choice(name, old_value, accepted);
}

std::uint32_t parse_size(const OptionReader& reader, std::string_view name, std::uint32_t fallback, bool zero_is_off) {
  const auto size = static_cast<std::uint32_t>(reader.integer(name, fallback, 0, kMaxChunkSize));
  if (zero_is_off && size == 0) return 0;
  if (size < kMinChunkSize || !std::has_single_bit(size)) {
    reader.fail(name, (zero_is_off ? "0, or " : "") + std::string(kSizeRange));
  }
  return size;
}

Compressor parse_compressor(const OptionReader& reader) {
  const std::string name =
      renamed_choice(reader, "compressor", "rafs_compressor", "zstd", {"none", "lz4_block", "gzip", "zstd"});
  for (const Compressor compressor : {Compressor::none, Compressor::lz4_block, Compressor::gzip}) {
    if (name == to_string(compressor)) return compressor;
  }
  return Compressor::zstd;
}

void parse_level(const OptionReader& reader, Options& options) {
  if (!reader.given("compression_level")) return;
  const codec::LevelRange range = codec::levels_of(chunk_codec(options.compressor));
  if (range.most == 0) reader.fail("compression_level", "no value with compressor none");
  options.compression_level =
      static_cast<int>(reader.integer("compression_level", range.standard, range.least, range.most));
}

std::vector<std::string> parse_recipients(const std::string& text) {
  std::vector<std::string> recipients;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find_first_of(",\n", begin), text.size());
    const std::size_t first = text.find_first_not_of(" \t\r", begin);
    if (first < end) {
      const std::size_t last = text.find_last_not_of(" \t\r", end - 1);
      recipients.push_back(text.substr(first, last - first + 1));
    }
    begin = end + 1;
  }
  return recipients;
}

ImageOptions parse_image_options(const OptionReader& reader) {
  ImageOptions image;
  image.docker_to_oci = reader.boolean("docker2oci", false);
  image.with_referrer = reader.boolean("with_referrer", false);
  image.merge_manifest = reader.boolean("merge_manifest", false);
  image.backend_type = reader.choice("backend_type", "", {"", "oss", "s3", "localfs"});
  image.backend_config = reader.text("backend_config", "");
  image.backend_force_push = reader.boolean("backend_force_push", false);
  image.encrypt_recipients = parse_recipients(reader.text("encrypt_recipients", ""));
  // A configuration without a type is no fault: files of the reference have it, which looks at the type alone.
  if (!image.backend_type.empty() && image.backend_config.empty()) {
    throw ConfigError("option backend_type of driver nydus needs backend_config",
                      "it is the JSON text that says where the backend is");
  }
  return image;
}

[[noreturn]] void excluded(std::string_view option, std::string_view other, std::string_view why) {
  throw ConfigError("option " + std::string(option) + " of driver nydus does not go with " + std::string(other) + ": " +
                        std::string(why),
                    "leave one of them out");
}

void check_v5(const Options& options) {
  if (options.fs_version != FsVersion::v5) return;
  if (options.batch_size > 0) excluded("batch_size", "fs_version 5", "version 5 has no index of batches");
  if (options.encrypt) excluded("encrypt_recipients", "fs_version 5", "version 5 has no place for the key");
}

void note_without_effect(const OptionReader& reader, Options& options, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (!reader.given(name)) continue;
    options.notes.push_back("option " + std::string(name) + " has no effect: with oci_ref layers stay as they are");
  }
}

/// `oci_ref` leaves the layers as they are, so nothing about how chunks are stored can be chosen.
void check_reference(const OptionReader& reader, Options& options) {
  if (!options.oci_ref) {
    if (options.oci_ref_zstd == ZstdSource::native) {
      excluded("oci_ref_zstd native", "oci_ref off", "it says what oci_ref does");
    }
    return;
  }
  if (options.fs_version == FsVersion::v5) excluded("oci_ref", "fs_version 5", "it needs version 6");
  if (options.encrypt) excluded("oci_ref", "encrypt_recipients", "the data stays in the plain OCI layers");
  if (!options.image.backend_type.empty()) {
    excluded("oci_ref", "backend_type", "the data stays in the OCI layers of the registry");
  }
  if (reader.given("docker2oci") && !options.image.docker_to_oci) {
    excluded("oci_ref", "docker2oci off", "its annotations need OCI manifests");
  }
  options.image.docker_to_oci = true;
  // What indexes of layers are made with; layers that are converted after all must go with them.
  options.digester = Digester::sha256;
  options.chunk_size = kDefaultChunkSize;
  note_without_effect(reader, options, {"fs_chunk_size", "digester"});
  if (options.oci_ref_zstd == ZstdSource::native) return;
  note_without_effect(reader, options,
                      {"compressor", "rafs_compressor", "compression_level", "batch_size", "chunk_dict_ref"});
}

void note_ignored(const OptionReader& reader, Options& options) {
  if (reader.given("builder")) {
    options.notes.emplace_back("option builder has no effect: layers are built here, without an external program");
  }
  if (reader.given("work_dir")) {
    options.notes.emplace_back("option work_dir has no effect: layers are converted as they stream by");
  }
  if (reader.given("fs_align_chunk") && options.fs_version == FsVersion::v6) {
    options.notes.emplace_back("option fs_align_chunk has no effect: chunks of version 6 are always aligned");
  }
}

}  // namespace

const OptionTable& option_table() {
  static const OptionTable table = {
      {"fs_version", OptionType::choice, "6", "5 | 6", "Version of the RAFS file system; the kernel mounts 6.", true},
      {"rafs_version", OptionType::choice, "6", "5 | 6", "Old name of fs_version.", true},
      {"compressor", OptionType::choice, "zstd", "none | lz4_block | gzip | zstd", "What chunks are compressed with.",
       true},
      {"rafs_compressor", OptionType::choice, "zstd", "none | lz4_block | gzip | zstd", "Old name of compressor.",
       true},
      {"compression_level", OptionType::integer, "3 (gzip: 6, lz4_block: 1)",
       "1 to 22 (gzip: 0 to 12, lz4_block: 1 to 12)", "How hard to compress.", true},
      {"digester", OptionType::choice, "blake3", "blake3 | sha256", "What chunks are found and verified by.", true},
      {"fs_chunk_size", OptionType::integer, "1048576", kSizeRange,
       "Most bytes of a file that are fetched, verified and shared together.", true},
      {"fs_align_chunk", OptionType::boolean, "false", "true | false",
       "Version 5: chunks begin at multiples of 4096 in the uncompressed blob, as they always do in version 6.", true},
      {"batch_size", OptionType::integer, "0", "0, or a power of two from 4096 to fs_chunk_size bytes",
       "Version 6: files below half of it are compressed together, which makes small files smaller.", true},
      {"prefetch_patterns", OptionType::list, "/", "",
       "Files and directories that nydusd fetches ahead of use: absolute paths, one a line.", true},
      {"chunk_dict_ref", OptionType::text, "", "an image reference",
       "A nydus image whose chunks need not be stored again.", true},
      {"oci_ref", OptionType::boolean, "false", "true | false",
       "Leave the layers as they are and add only an index of them; gzip and plain tar layers.", true},
      {"oci_ref_zstd", OptionType::choice, "refuse", "refuse | native",
       "What oci_ref does with zstd layers, which cannot be indexed: fail, or convert them.", true},
      {"merge_manifest", OptionType::boolean, "false", "true | false",
       "Write an index that holds the source image and the nydus image.", false},
      {"docker2oci", OptionType::boolean, "false", "true | false", "Write OCI manifests for Docker images.", false},
      {"with_referrer", OptionType::boolean, "false", "true | false",
       "Name the source manifest as the subject of the nydus manifest.", false},
      {"encrypt_recipients", OptionType::text, "", "comma separated ocicrypt recipients",
       "Encrypt the layers, for these recipients.", true},
      {"backend_type", OptionType::choice, "", "oss | s3 | localfs",
       "Store the layers there instead of in the target repository.", false},
      {"backend_config", OptionType::text, "", "JSON", "Where that is and how to get in.", false},
      {"backend_force_push", OptionType::boolean, "false", "true | false",
       "Send layers again that the backend has already.", false},
      {"work_dir", OptionType::text, "", "", "Accepted for existing configurations; no working directory is needed.",
       false},
      {"builder", OptionType::text, "", "", "Accepted for existing configurations; no external program is needed.",
       false},
  };
  return table;
}

Options parse_options(const OptionValues& values) {
  const OptionReader reader("nydus", option_table(), values);
  Options options;
  if (renamed_choice(reader, "fs_version", "rafs_version", "6", {"5", "6"}) == "5") options.fs_version = FsVersion::v5;
  options.compressor = parse_compressor(reader);
  parse_level(reader, options);
  if (reader.choice("digester", "blake3", {"blake3", "sha256"}) == "sha256") options.digester = Digester::sha256;
  options.chunk_size = parse_size(reader, "fs_chunk_size", kDefaultChunkSize, false);
  options.batch_size = parse_size(reader, "batch_size", 0, true);
  if (options.batch_size > options.chunk_size) {
    reader.fail("batch_size", "at most fs_chunk_size, " + std::to_string(options.chunk_size));
  }
  options.align_chunks = reader.boolean("fs_align_chunk", false);
  if (std::vector<std::string> patterns = reader.list("prefetch_patterns"); !patterns.empty()) {
    options.prefetch_patterns = std::move(patterns);
  }
  options.chunk_dict_ref = reader.text("chunk_dict_ref", "");
  options.oci_ref = reader.boolean("oci_ref", false);
  if (reader.choice("oci_ref_zstd", "refuse", {"refuse", "native"}) == "native") {
    options.oci_ref_zstd = ZstdSource::native;
  }
  options.image = parse_image_options(reader);
  options.encrypt = !options.image.encrypt_recipients.empty();
  check_v5(options);
  check_reference(reader, options);
  note_ignored(reader, options);
  return options;
}

int level_of(const Options& options) { return options.compression_level.value_or(default_level(options.compressor)); }

}  // namespace accel::formats::nydus
