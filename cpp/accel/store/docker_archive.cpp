#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/base/json.hpp"
#include "accel/codec/codec.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/memory.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"
#include "accel/oci/reference.hpp"
#include "accel/store/detail/archive.hpp"
#include "accel/store/detail/image_reader.hpp"
#include "accel/store/detail/layout_files.hpp"
#include "accel/store/stores.hpp"

namespace accel::store {

namespace {

constexpr const char* kManifestFile = "manifest.json";

hash::Digest hash_source(io::ByteSource& source) {
  hash::Hasher hasher;
  Bytes buffer(std::size_t{1} << 20U);
  for (std::uint64_t offset = 0; offset < source.size();) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), source.size() - offset));
    const MutableByteView piece = MutableByteView(buffer).first(count);
    source.read_at(offset, piece);
    hasher.update(piece);
    offset += count;
  }
  return hasher.finish();
}

/// Two references that name the same image, however short they are written.
bool same_reference(const std::string& a, const std::string& b) {
  if (a == b) return true;
  try {
    return oci::Reference::parse(a) == oci::Reference::parse(b);
  } catch (const InvalidReference&) {
    return false;
  }
}

/// Gives each image of the archive a manifest, which `docker save` does not store: an OCI one, which every place can
/// hold, whereas readers of OCI layouts (skopeo) refuse Docker's. The config has the same bytes in both.
class DockerArchive final : public detail::ImageReader {
 public:
  explicit DockerArchive(const std::string& file) : ImageReader("docker-archive:" + file), archive_(file) {
    if (!archive_.find(kManifestFile)) {
      const bool layout = archive_.find(detail::kVersionFile) != nullptr;
      throw FormatError(
          name() + ": no file manifest.json in it",
          layout ? "it holds an OCI image layout: use oci-archive:" + file : "this is no output of docker save");
    }
    try {
      const std::string text = archive_.read_text(kManifestFile);
      for (const auto& image : json::parse(text, kManifestFile).elements(oci::kMaxDescriptors)) add_image(image);
    } catch (Error& error) {
      error.add_context(name());
      throw;
    }
  }

 protected:
  detail::Roots roots() override { return roots_; }

  std::shared_ptr<io::ByteSource> find_blob(const oci::Digest& digest) override {
    const auto found = blobs_.find(digest);
    return found == blobs_.end() ? nullptr : found->second;
  }

  std::optional<oci::Descriptor> find_root(const detail::Roots& roots, const std::string& tag) override {
    if (!tag.empty()) {
      for (const auto& name : roots.tags()) {
        if (same_reference(name, tag)) return roots.find(name, this->name());
      }
    }
    return roots.find(tag, name());
  }

 private:
  void add_image(const json::Value& image) {
    const auto object = image.object();
    oci::Manifest manifest;
    manifest.media_type = oci::kOciManifest;

    const std::string config_text = archive_.read_text(object.at("Config").text());
    const oci::ImageConfig config = oci::parse_config(config_text);
    manifest.config = add_document(oci::kOciConfig, config_text);

    const auto layers = object.find("Layers");
    const auto paths = layers ? layers->elements(oci::kMaxDescriptors) : std::vector<json::Value>{};
    if (paths.size() != config.diff_ids.size()) {
      throw FormatError(image.path() + ": " + std::to_string(paths.size()) + " layers, but its config has " +
                        std::to_string(config.diff_ids.size()) + " diffIDs");
    }
    for (std::size_t i = 0; i < paths.size(); ++i) {
      manifest.layers.push_back(add_layer(paths[i].text(), config.diff_ids[i]));
    }

    const auto root = add_document(oci::kOciManifest, oci::to_json(manifest));
    const auto tags = object.find("RepoTags");  // null when the image was saved by its id
    if (tags) {
      for (const auto& tag : tags->elements(oci::kMaxDescriptors)) roots_.tag(root, tag.text());
    }
    roots_.add(root);
  }

  oci::Descriptor add_document(std::string_view media_type, const std::string& text) {
    auto descriptor = oci::describe(media_type, text);
    blobs_.emplace(descriptor.digest, std::make_shared<io::MemorySource>(to_bytes(as_bytes(text))));
    return descriptor;
  }

  oci::Descriptor add_layer(const std::string& path, const oci::Digest& diff_id) {
    auto source = archive_.find(path);
    if (!source) throw FormatError("layer " + path + " is not in the archive", "save the image again");
    std::array<std::byte, 4> head{};
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(head.size(), source->size()));
    source->read_at(0, MutableByteView(head).first(size));
    const auto compression = codec::detect(ByteView(head).first(size));

    oci::Descriptor layer;
    layer.size = source->size();
    layer.media_type = oci::with_compression(oci::kOciLayer, compression);
    if (compression == codec::Compression::none) {
      // The digest of an uncompressed layer is its diffID, so no pass over the data is needed: reading verifies it.
      layer.digest = diff_id;
    } else {
      layer.digest = detail::blob_digest(path);
      if (layer.digest.empty()) layer.digest = hash_source(*source);
    }
    blobs_.emplace(layer.digest, std::move(source));
    return layer;
  }

  const detail::Archive archive_;
  detail::Roots roots_;
  std::map<oci::Digest, std::shared_ptr<io::ByteSource>> blobs_;
};

}  // namespace

std::shared_ptr<oci::Repository> open_docker_archive(const std::string& file) {
  return std::make_shared<DockerArchive>(file);
}

}  // namespace accel::store
