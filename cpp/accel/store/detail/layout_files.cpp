#include "accel/store/detail/layout_files.hpp"

#include "accel/base/error.hpp"
#include "accel/base/json.hpp"

namespace accel::store::detail {

namespace {

constexpr std::string_view kBlobs = "blobs/";

}  // namespace

std::string blob_name(const hash::Digest& digest) {
  const bool sha512 = digest.algorithm() == hash::Algorithm::sha512;
  return std::string(kBlobs) + (sha512 ? "sha512/" : "sha256/") + digest.hex();
}

hash::Digest blob_digest(std::string_view name) noexcept {
  const std::size_t slash = name.rfind('/');
  if (!name.starts_with(kBlobs) || slash < kBlobs.size()) return {};
  std::string text(name.substr(kBlobs.size()));
  text[slash - kBlobs.size()] = ':';
  return hash::Digest::try_parse(text);
}

void check_layout_version(const std::string& place, std::string_view text) {
  try {
    const std::string version = json::parse(text, kVersionFile).object().at("imageLayoutVersion").text();
    if (version.starts_with("1.")) return;
    throw UnsupportedError("image layout of version \"" + version.substr(0, 40) + "\", want 1.0.0");
  } catch (Error& error) {
    error.add_context(place);
    throw;
  }
}

}  // namespace accel::store::detail
