/// A repository of a registry: which hosts, which name.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/registry/host.hpp"

namespace accel::registry {

/// Value type; copies share the hosts.
struct Place {
  std::shared_ptr<Host> host;
  std::vector<std::shared_ptr<Host>> mirrors;  ///< asked before the host when reading
  std::string repository;
  Access access = Access::read;

  /// host/repository, for messages.
  [[nodiscard]] std::string name() const { return host->name() + "/" + repository; }
  /// "/v2/<repository>/" + `rest`.
  [[nodiscard]] std::string path(std::string_view rest) const { return "/v2/" + repository + "/" + std::string(rest); }
  /// What reading asks for.
  [[nodiscard]] Scopes pull() const { return access == Access::write ? push() : Scopes{pull_scope(repository)}; }
  [[nodiscard]] Scopes push() const { return {push_scope(repository)}; }
};

/// What to do about a blob that a manifest names and the registry does not have.
inline constexpr const char* kAbsentBlobHint = "the image is incomplete in the registry; push it again";
/// What to do about a server that gives other bytes of a blob than those asked for.
inline constexpr const char* kWrongRangeHint = "a proxy or cache before the registry answers wrongly; go around it";
/// What to do about a blob whose size is not that of its descriptor.
inline constexpr const char* kWrongSizeHint =
    "the manifest states another size than the blob has; push the image again";

/// What to do about a registry that has received something else than was sent.
inline constexpr const char* kChangedHint =
    "a proxy before the registry, or the registry, changes what is sent; ask whoever runs it";

/// Calls `work(host)` for the mirrors, then for the host itself, until one returns. What a mirror cannot give, whatever
/// the reason, is asked of the next; the host's own failure is the caller's.
template <class Work>
auto read_from_any(const Place& place, Work work) -> decltype(work(*place.host)) {
  for (const auto& mirror : place.mirrors) {
    try {
      return work(*mirror);
    } catch (const RegistryError& error) {
      place.host->services().log->info("mirror failed, asking the next",
                                       {{"mirror", mirror->name()}, {"because", error.what()}});
    } catch (const DigestMismatch& error) {
      place.host->services().log->warning("mirror gave wrong content, asking the next",
                                          {{"mirror", mirror->name()}, {"because", error.what()}});
    }
  }
  return work(*place.host);
}

}  // namespace accel::registry
