#include "accel/convert/location.hpp"

#include <array>
#include <utility>

#include "accel/base/error.hpp"

namespace accel::convert {

namespace {

constexpr std::string_view kForms =
    "accepted are [docker://]HOST/REPO[:TAG][@DIGEST], oci:DIR[:TAG], oci-archive:FILE[:TAG], "
    "docker-archive:FILE[:REF]";

struct Scheme {
  std::string_view prefix;
  Location::Transport transport;
};

constexpr std::array<Scheme, 3> kFileSchemes = {{
    {"oci:", Location::Transport::oci_layout},
    {"oci-archive:", Location::Transport::oci_archive},
    {"docker-archive:", Location::Transport::docker_archive},
}};

/// Transports of skopeo that we do not have: without this they would be read as names of repositories.
constexpr std::array<std::string_view, 3> kForeignSchemes = {"docker-daemon:", "containers-storage:", "ostree:"};

Location parse_file(std::string_view text, const Scheme& scheme) {
  const std::string_view rest = text.substr(scheme.prefix.size());
  const std::size_t colon = rest.find(':');
  Location location;
  location.transport = scheme.transport;
  location.path = rest.substr(0, colon);
  if (colon != std::string_view::npos) location.tag = rest.substr(colon + 1);
  if (location.path.empty() || (colon != std::string_view::npos && location.tag.empty())) {
    throw InvalidReference("location '" + std::string(text) + "' lacks its " +
                               (location.path.empty() ? "path" : "tag after the last colon"),
                           std::string(kForms));
  }
  return location;
}

}  // namespace

Location Location::parse(std::string_view text) {
  if (text.empty()) throw InvalidReference("the location of an image is empty", std::string(kForms));
  for (const Scheme& scheme : kFileSchemes) {
    if (text.starts_with(scheme.prefix)) return parse_file(text, scheme);
  }
  for (const std::string_view scheme : kForeignSchemes) {
    if (text.starts_with(scheme)) {
      throw InvalidReference("location '" + std::string(text) + "': transport '" +
                                 std::string(scheme.substr(0, scheme.size() - 1)) + "' is not supported",
                             std::string(kForms));
    }
  }
  Location location;
  constexpr std::string_view kDocker = "docker://";
  const std::string_view reference = text.starts_with(kDocker) ? text.substr(kDocker.size()) : text;
  if (reference.find("://") != std::string_view::npos) {
    throw InvalidReference("location '" + std::string(text) + "' is a URL", std::string(kForms));
  }
  location.reference = oci::Reference::parse(reference);
  location.tag = location.reference.target();
  return location;
}

std::string Location::to_string() const {
  if (transport == Transport::registry) return reference.to_string();
  std::string text;
  for (const Scheme& scheme : kFileSchemes) {
    if (scheme.transport == transport) text = scheme.prefix;
  }
  text += path;
  if (!tag.empty()) text += ":" + tag;
  return text;
}

Location parse_target_location(std::string_view text) {
  Location location = Location::parse(text);
  if (location.transport == Location::Transport::docker_archive) {
    throw UnsupportedError("target '" + std::string(text) + "': docker-archive can only be read",
                           "write to oci-archive:FILE[:TAG]");
  }
  const bool by_digest = location.transport == Location::Transport::registry
                             ? !location.reference.digest.empty()
                             : !hash::Digest::try_parse(location.tag).empty();
  if (by_digest) {
    throw InvalidReference("target '" + std::string(text) + "' names a digest, which only follows from the result",
                           "give a tag");
  }
  // Without a tag nothing would lead to the image: index.json lists tagged manifests only.
  if (location.tag.empty()) location.tag = "latest";
  return location;
}

Location parse_cache_location(std::string_view text) {
  Location location = parse_target_location(text);
  if (location.transport != Location::Transport::registry && location.transport != Location::Transport::oci_layout) {
    throw ConfigError("cache " + location.to_string() + " is in an archive, which cannot be changed",
                      "give a registry's reference or oci:DIR:TAG");
  }
  return location;
}

std::shared_ptr<oci::Repository> open_location(const Location& location, registry::Client& client,
                                               store::OpenMode mode) {
  switch (location.transport) {
    case Location::Transport::registry:
      return client.repository(location.reference,
                               mode == store::OpenMode::read ? registry::Access::read : registry::Access::write);
    case Location::Transport::oci_layout:
      return store::open_oci_layout(location.path, mode);
    case Location::Transport::oci_archive:
      return store::open_oci_archive(location.path, mode);
    case Location::Transport::docker_archive:
      break;
  }
  if (mode == store::OpenMode::write) {
    throw UnsupportedError("docker-archive:" + location.path + " can only be read", "write to oci-archive:FILE[:TAG]");
  }
  return store::open_docker_archive(location.path);
}

}  // namespace accel::convert
