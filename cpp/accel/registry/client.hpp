/// The registry client: gives Repository views of registries, sharing connections, tokens and limits between them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "accel/base/log.hpp"
#include "accel/oci/reference.hpp"
#include "accel/oci/repository.hpp"
#include "accel/registry/options.hpp"
#include "accel/registry/page.hpp"
#include "accel/registry/scope.hpp"

namespace accel::registry {

/// What `doctor` prints about a host: each step on the way with its outcome.
struct HostReport {
  struct Step {
    std::string name;  ///< "resolve", "connect", "tls", "ping", "auth", "referrers"
    bool ok = false;
    std::string detail;
  };
  std::vector<Step> steps;
};

/// Thread-safe. Repositories keep what they need alive, so the client may go first.
class Client {
 public:
  explicit Client(Options options, std::shared_ptr<Logger> log = std::make_shared<NullLogger>());
  ~Client();

  /// The repository `reference` names (tag and digest are ignored). Opens no connection. With Access::write all
  /// requests ask for the right to push, so that one token does for all of them and a refusal names what was missing;
  /// mirrors are left out, as they do not know yet what was written.
  std::shared_ptr<oci::Repository> repository(const oci::Reference& reference, Access access = Access::read);
  /// True when the host is a Harbor, whose own API tells more.
  bool is_harbor(const std::string& host, const CancelToken& cancel);
  /// One page of Harbor's projects; `from` is `next` of the page before, "" for the first.
  NamePage list_projects(const std::string& host, const std::string& from, const CancelToken& cancel);
  /// One page of a registry's repositories: of one of Harbor's projects or, with "", of its catalog.
  NamePage list_repositories(const std::string& host, const std::string& project, const std::string& from,
                             const CancelToken& cancel);
  /// One page of the tags of the repository that `reference` names; with `harbor` from its API, with digests.
  TagPage list_tags(const oci::Reference& reference, bool harbor, const std::string& from, const CancelToken& cancel);
  /// Checks a host step by step; never throws for what it finds.
  HostReport diagnose(const std::string& host, const CancelToken& cancel);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace accel::registry
