// Cache manifests: whatever can be imported can be merged and written, and is the same when it is read again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/cache/cache_image.hpp"
#include "accel/cache/update.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"

namespace {

using namespace accel;

void check(bool good) {
  if (!good) std::abort();
}

cache::CacheManifest import(const std::string& bytes) {
  std::vector<std::string> warnings;
  cache::CacheManifest manifest =
      cache::import_manifest(oci::describe(oci::kOciManifest, bytes), bytes, "v1", warnings);
  check(warnings.size() <= 21);
  return manifest;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  cache::CacheImage image;
  try {
    image.manifests.push_back(import(text));
  } catch (const FormatError&) {
    return 0;
  } catch (const UnsupportedError&) {
    return 0;
  }
  for (const cache::LayerRecord& record : image.manifests.front().records) {
    // Annotations of ours on a record of somebody else are not kept: all others survive.
    check(cache::parse_record(cache::to_descriptor(record, !record.is_usable())) == record);
  }
  image.root = {oci::describe(oci::kOciManifest, text), text};
  image.is_cache = true;
  cache::LayerRecord added;
  added.key = {hash::sha256(as_bytes("source")), cache::fingerprint_of("options")};
  added.format = "test";
  added.target = oci::describe(oci::kOciLayer, "target");
  added.source_diff_id = added.diff_id = added.target.digest;
  cache::Change change;
  change.platforms = {{oci::Platform::parse("linux/amd64"), {added}}};
  const auto made = cache::update(image, change, {"v1", {}});
  if (!made) return 0;
  const std::string& written = made->manifests.empty() ? made->root.bytes : made->manifests.back().bytes;
  const cache::CacheManifest again = import(written);
  check(again.is_cache && again.is_current && !again.records.empty() && again.records.size() <= 200);
  return 0;
}
