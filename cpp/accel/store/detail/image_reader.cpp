#include "accel/store/detail/image_reader.hpp"

#include <set>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/io/verify.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"
#include "accel/oci/referrer.hpp"
#include "accel/store/detail/blob.hpp"
#include "accel/store/detail/referrers.hpp"

namespace accel::store::detail {

namespace {

std::string read_document(io::ByteSource& source, const oci::Digest& digest) {
  std::string text(static_cast<std::size_t>(source.size()), '\0');
  source.read_at(0, {reinterpret_cast<std::byte*>(text.data()), text.size()});
  io::verify_bytes(as_bytes(text), digest, "manifest " + digest.short_string());
  return text;
}

}  // namespace

oci::RawManifest ImageReader::load(const oci::Descriptor& entry) {
  const auto source = get_blob(entry.digest);
  if (entry.size > oci::kMaxManifestBytes) {
    throw FormatError(name_ + ": manifest " + entry.digest.short_string() + " of " + std::to_string(entry.size) +
                      " bytes, at most " + std::to_string(oci::kMaxManifestBytes) + " are read");
  }
  check_size(name_, entry, source->size());
  oci::RawManifest manifest;
  manifest.bytes = read_document(*source, entry.digest);
  manifest.descriptor.media_type = entry.media_type;
  manifest.descriptor.digest = entry.digest;
  manifest.descriptor.size = entry.size;
  return manifest;
}

/// A manifest that no root names: the child of an index, or what was put without a tag. Nothing when the blob is absent
/// or no manifest.
std::optional<oci::RawManifest> ImageReader::load_unlisted(const oci::Digest& digest) {
  const auto source = find_blob(digest);
  if (!source || source->size() > oci::kMaxManifestBytes) return std::nullopt;
  oci::RawManifest manifest;
  manifest.bytes = read_document(*source, digest);
  try {
    manifest.descriptor.media_type = oci::sniff_media_type(manifest.bytes);
  } catch (const FormatError&) {
    return std::nullopt;
  }
  manifest.descriptor.digest = digest;
  manifest.descriptor.size = manifest.bytes.size();
  return manifest;
}

std::optional<oci::Descriptor> ImageReader::find_root(const Roots& roots, const std::string& tag) {
  return roots.find(tag, name_);
}

oci::RawManifest ImageReader::get_manifest(const std::string& tag_or_digest, const CancelToken& cancel) {
  cancel.check();
  const Roots all = roots();
  const auto digest = oci::Digest::try_parse(tag_or_digest);
  const auto root = digest.empty() ? find_root(all, tag_or_digest) : all.find(digest);
  if (root) return load(*root);
  if (!digest.empty()) {
    if (auto manifest = load_unlisted(digest)) return *std::move(manifest);
  }
  manifest_not_found(name_, tag_or_digest, all.tags());
}

std::optional<oci::Descriptor> ImageReader::stat_manifest(const std::string& tag_or_digest, const CancelToken& cancel) {
  cancel.check();
  const Roots all = roots();
  const auto digest = oci::Digest::try_parse(tag_or_digest);
  const auto root = digest.empty() ? find_root(all, tag_or_digest) : all.find(digest);
  std::optional<oci::Descriptor> descriptor;
  if (root) {
    if (!find_blob(root->digest)) return std::nullopt;
    descriptor.emplace();
    descriptor->media_type = root->media_type;
    descriptor->digest = root->digest;
    descriptor->size = root->size;
  } else if (!digest.empty()) {
    if (auto manifest = load_unlisted(digest)) descriptor = std::move(manifest->descriptor);
  }
  return descriptor;
}

bool ImageReader::has_blob(const oci::Descriptor& blob, const CancelToken& cancel) {
  cancel.check();
  const auto source = find_blob(blob.digest);
  // A blob of another size is damaged (a copy that a power failure cut off); writing it again repairs it.
  return source && source->size() == blob.size;
}

std::unique_ptr<io::ByteStream> ImageReader::open_blob(const oci::Descriptor& blob, const CancelToken& cancel) {
  cancel.check();
  return open_verified(get_blob(blob.digest), blob, cancel);
}

std::unique_ptr<io::ByteSource> ImageReader::blob_source(const oci::Descriptor& blob, const CancelToken& cancel) {
  cancel.check();
  auto source = get_blob(blob.digest);
  check_size(name_, blob, source->size());
  return share_range(std::move(source), 0, blob.size);
}

std::vector<std::string> ImageReader::list_tags(const CancelToken& cancel) {
  cancel.check();
  return roots().tags();
}

std::vector<oci::Descriptor> ImageReader::list_referrers(const oci::Digest& subject, const CancelToken& cancel) {
  const Roots all = roots();
  ReferrerList referrers(subject);
  std::set<oci::Digest> seen;
  // Roots, and the manifests inside roots that are indexes: deeper nesting is legal, but nobody makes it.
  std::vector<oci::Descriptor> next = all.index().manifests;
  for (int level = 0; level < 2; ++level) {
    std::vector<oci::Descriptor> children;
    for (const auto& entry : next) {
      cancel.check();
      if (!seen.insert(entry.digest).second || !find_blob(entry.digest)) continue;
      if (!oci::is_manifest(entry.media_type) && !oci::is_index(entry.media_type)) continue;
      const oci::RawManifest manifest = load(entry);
      referrers.add(manifest);
      if (!oci::is_index(entry.media_type)) continue;
      for (auto& child : oci::parse_index(manifest.bytes).manifests) children.push_back(std::move(child));
    }
    next = std::move(children);
  }
  const auto listed = all.find(oci::referrers_tag(subject), name_);
  if (listed) referrers.add_listed(load(*listed));
  return referrers.take();
}

std::shared_ptr<io::ByteSource> ImageReader::get_blob(const oci::Digest& digest) {
  auto source = find_blob(digest);
  if (!source) blob_not_found(name_, digest);
  return source;
}

void ImageReader::put_manifest(const oci::RawManifest& /*manifest*/, const std::string& /*tag*/,
                               const CancelToken& /*cancel*/) {
  throw UnsupportedError(name_ + ": cannot be written to");
}

std::unique_ptr<oci::BlobWriter> ImageReader::create_blob(std::uint64_t /*size_hint*/, const CancelToken& /*cancel*/) {
  throw UnsupportedError(name_ + ": cannot be written to");
}

bool ImageReader::mount_blob(const oci::Descriptor& /*blob*/, oci::Repository& /*from*/,
                             const CancelToken& /*cancel*/) {
  throw UnsupportedError(name_ + ": cannot be written to");
}

}  // namespace accel::store::detail
