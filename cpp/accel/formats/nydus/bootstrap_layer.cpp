#include "accel/formats/nydus/bootstrap_layer.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/codec/codec.hpp"
#include "accel/formats/compressed_tar.hpp"
#include "accel/tar/block.hpp"
#include "accel/tar/path.hpp"
#include "accel/tar/reader.hpp"
#include "accel/tar/writer.hpp"

namespace accel::formats::nydus {

namespace {

// Where snapshotters look for them. Do not change.
constexpr std::string_view kDirectory = "image";
constexpr std::string_view kBootstrap = "image/image.boot";
constexpr std::string_view kMetaPrefix = "image/";
constexpr std::string_view kMetaSuffix = ".blob.meta";

constexpr std::size_t kReadStep = std::size_t{1} << 20U;

void write_padding(io::ByteSink& tar, std::uint64_t size) {
  constexpr std::array<std::byte, tar::kBlockSize> kZeros{};
  tar.write(ByteView(kZeros).first(tar::padding_size(size)));
}

/// The content of a reader's current entry.
class Content final : public io::ByteStream {
 public:
  explicit Content(tar::Reader& reader) : reader_(reader) {}

  std::size_t read(MutableByteView out) override {
    if (out.empty()) return 0;
    const ByteView piece = reader_.payload(out.size());
    std::ranges::copy(piece, out.begin());
    return piece.size();
  }

 private:
  tar::Reader& reader_;
};

Buffer read_bootstrap_file(tar::Reader& reader, std::uint64_t size, std::uint64_t max_size, const CancelToken& cancel) {
  if (size > max_size) {
    throw FormatError(
        "a bootstrap of " + std::to_string(size) + " bytes, at most " + std::to_string(max_size) + " are read",
        {.digest = {}, .path = std::string(kBootstrap), .offset = {}});
  }
  // The size is only a claim so far.
  Buffer bootstrap(static_cast<std::size_t>(std::min<std::uint64_t>(size, kReadStep)));
  for (ByteView piece = reader.payload(); !piece.empty(); piece = reader.payload()) {
    cancel.check();
    if (bootstrap.size() + piece.size() > bootstrap.capacity()) bootstrap.reserve(bootstrap.capacity() * 2 + kReadStep);
    bootstrap.append(piece);
  }
  return bootstrap;
}

}  // namespace

CompressedTar::Content write_bootstrap_layer(ByteView bootstrap, const std::vector<MetaFile>& metas, io::ByteSink& sink,
                                             const EncodeContext& context) {
  CompressedTar tar(codec::Compression::gzip, sink, context);
  tar.write(tar::plain_header(kDirectory, tar::EntryType::directory, 0755, 0).view());
  tar.write(tar::plain_header(kBootstrap, tar::EntryType::regular, 0444, bootstrap.size()).view());
  tar.write(bootstrap);
  write_padding(tar, bootstrap.size());
  std::unordered_set<std::string_view> written;
  for (const MetaFile& file : metas) {
    if (file.meta == nullptr || file.meta->empty() || !written.insert(file.blob_hex).second) continue;
    const std::string name = std::string(kMetaPrefix) + file.blob_hex + std::string(kMetaSuffix);
    tar.write(tar::plain_header(name, tar::EntryType::regular, 0444, meta_file_size(*file.meta)).view());
    write_meta_file(*file.meta, tar);
    write_padding(tar, meta_file_size(*file.meta));
  }
  Buffer end;
  tar::write_end(end);
  tar.write(end.view());
  return tar.finish();
}

Buffer read_bootstrap_layer(io::ByteStream& tar, const MetaVisitor& on_meta, const BootstrapLimits& limits,
                            const CancelToken& cancel) {
  tar::Reader reader(tar);
  Buffer bootstrap;
  bool found = false;
  while (const tar::Entry* const entry = reader.next()) {
    cancel.check();
    if (entry->type != tar::EntryType::regular) continue;
    const std::string path = tar::clean_path(entry->name);
    if (path == kBootstrap) {
      if (std::exchange(found, true)) {
        throw FormatError("two bootstraps in one layer", {.digest = {}, .path = path, .offset = entry->header_offset});
      }
      bootstrap = read_bootstrap_file(reader, entry->size, limits.max_bytes, cancel);
    } else if (on_meta && path.starts_with(kMetaPrefix) && path.ends_with(kMetaSuffix)) {
      const std::string_view hex =
          std::string_view(path).substr(kMetaPrefix.size(), path.size() - kMetaPrefix.size() - kMetaSuffix.size());
      Content content(reader);
      on_meta(hex, entry->size, content);
    }
  }
  while (!reader.trailing().empty()) cancel.check();
  if (!found) {
    throw FormatError("the bootstrap layer has no " + std::string(kBootstrap),
                      "name an image that was converted to nydus");
  }
  return bootstrap;
}

}  // namespace accel::formats::nydus
