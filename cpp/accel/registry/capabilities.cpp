#include "accel/registry/capabilities.hpp"

namespace accel::registry {

namespace {

// QUIRK: Google's registries document that they take no chunked uploads (they fail at the second chunk, when the first
// is not at hand any more); GitHub's refuses requests with Content-Range above 4 MiB (416).
bool takes_chunks(std::string_view host) {
  return !(host == "gcr.io" || host.ends_with(".gcr.io") || host.ends_with("-docker.pkg.dev") || host == "ghcr.io");
}

}  // namespace

Capabilities::Capabilities(std::string_view host) : chunked_uploads(takes_chunks(host)) {}

}  // namespace accel::registry
