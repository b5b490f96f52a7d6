#include "accel/store/detail/archive.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/codec/codec.hpp"
#include "accel/io/file.hpp"
#include "accel/io/range.hpp"
#include "accel/io/temp_file.hpp"
#include "accel/oci/json.hpp"
#include "accel/store/detail/blob.hpp"
#include "accel/tar/path.hpp"
#include "accel/tar/reader.hpp"

namespace accel::store::detail {

namespace {

constexpr std::uint64_t kMaxEntries = 1'000'000;  // of an archive of images, whose entries are layers and documents
constexpr int kMaxLinks = 16;                     // followed one after the other; more are a circle

/// Streams a source, but only pretends to read what it is told to skip: indexing an archive must not cost reading its
/// layers. The pretended bytes are whatever the reader's buffer held; nobody looks at them.
class SkippingStream final : public io::ByteStream {
 public:
  explicit SkippingStream(io::ByteSource& source) : source_(source) {}

  /// Bytes before `offset` of the source are not needed.
  void skip_to(std::uint64_t offset) { skip_to_ = std::min(offset, source_.size()); }

  std::size_t read(MutableByteView out) override {
    const bool skipping = position_ < skip_to_;
    const std::uint64_t left = (skipping ? skip_to_ : source_.size()) - position_;
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, out.size()));
    if (!skipping) source_.read_at(position_, out.first(count));
    position_ += count;
    return count;
  }

 private:
  io::ByteSource& source_;
  std::uint64_t position_ = 0;
  std::uint64_t skip_to_ = 0;
};

/// The uncompressed bytes of the archive at `file`.
std::shared_ptr<io::ByteSource> open_uncompressed(const std::string& file) {
  auto source = std::make_shared<io::FileSource>(file);
  std::array<std::byte, 4> head{};
  if (source->size() < head.size())
    throw FormatError(file + ": " + std::to_string(source->size()) + " bytes are no archive");
  source->read_at(0, head);
  const auto compression = codec::detect(head);
  if (compression == codec::Compression::none) return source;

  auto unpacked = std::make_shared<io::TempFile>(std::filesystem::temp_directory_path());
  io::RangeStream compressed(*source);
  const auto decoder = codec::make_decoder(compression, compressed);
  Bytes buffer(std::size_t{1} << 20U);
  while (const std::size_t count = decoder->read(buffer)) unpacked->write(ByteView(buffer).first(count));
  return unpacked;
}

}  // namespace

Archive::Archive(const std::string& file) : file_(file) {
  try {
    bytes_ = open_uncompressed(file);
    index();
  } catch (const FormatError& error) {
    // The hints of lower modules are about layers.
    throw FormatError(file + ": " + error.message(), "this is no complete archive of an image; save it again");
  }
}

void Archive::index() {
  SkippingStream stream(*bytes_);
  tar::ReaderOptions options;
  options.max_entries = kMaxEntries;
  tar::Reader reader(stream, options);
  while (const tar::Entry* entry = reader.next()) {
    const std::string name = tar::clean_path(entry->name);
    Member member;
    switch (entry->type) {
      case tar::EntryType::regular:
        if (entry->sparse) throw UnsupportedError(file_ + ": sparse file " + name, "pack the archive without --sparse");
        member.offset = entry->payload_offset;
        member.size = entry->size;
        stream.skip_to(member.offset + member.size);
        break;
      case tar::EntryType::symlink:
        // Relative to the link's own directory, or to the archive's root.
        member.target = tar::clean_path(entry->link_name.starts_with('/')
                                            ? entry->link_name
                                            : std::string(tar::parent_path(name)) + "/" + entry->link_name);
        break;
      case tar::EntryType::hardlink:
        member.target = tar::clean_path(entry->link_name);
        break;
      default:
        continue;
    }
    members_.insert_or_assign(name, std::move(member));
  }
}

std::shared_ptr<io::ByteSource> Archive::find(std::string_view path) const {
  auto found = members_.find(tar::clean_path(path));
  for (int links = 0; found != members_.end() && found->second.target; ++links) {
    if (links == kMaxLinks) throw FormatError(file_ + ": " + std::string(path) + " is a link in a circle");
    found = members_.find(*found->second.target);
  }
  if (found == members_.end()) return nullptr;
  return share_range(bytes_, found->second.offset, found->second.size);
}

std::string Archive::read_text(std::string_view path) const {
  const auto source = find(path);
  if (!source) throw FormatError(file_ + ": no file " + std::string(path) + " in it");
  if (source->size() > oci::kMaxManifestBytes) {
    throw FormatError(file_ + ": " + std::string(path) + " has " + std::to_string(source->size()) + " bytes, at most " +
                      std::to_string(oci::kMaxManifestBytes) + " are read");
  }
  std::string text(static_cast<std::size_t>(source->size()), '\0');
  source->read_at(0, {reinterpret_cast<std::byte*>(text.data()), text.size()});
  return text;
}

std::vector<std::string> Archive::names() const {
  std::vector<std::string> names;
  names.reserve(members_.size());
  for (const auto& [name, member] : members_) names.push_back(name);
  return names;
}

}  // namespace accel::store::detail
