#include "accel/registry/client.hpp"

#include <map>
#include <mutex>
#include <utility>

#include "accel/registry/catalog.hpp"
#include "accel/registry/diagnose.hpp"
#include "accel/registry/harbor.hpp"
#include "accel/registry/host.hpp"
#include "accel/registry/repository.hpp"
#include "accel/registry/tag.hpp"

namespace accel::registry {

namespace {

/// A mirror that fails is left for the next one soon.
constexpr int kMirrorAttempts = 2;

/// The settings of the host of `url`, whose name in references has no port when that is the scheme's own.
net::TlsOptions tls_options_of(const Options& options, const net::Url& url) {
  for (const std::string& name : {url.authority(), url.host + ":" + std::to_string(url.port), url.host}) {
    // Docker Hub's API host has another name than its references.
    const auto found = options.hosts.find(name == "registry-1.docker.io" ? "docker.io" : name);
    if (found == options.hosts.end()) continue;
    const HostOptions& host = found->second;
    return {host.insecure, host.ca_file, host.client_cert, host.client_key};
  }
  return {};
}

std::shared_ptr<const Services> make_services(Options options, std::shared_ptr<Logger> log) {
  auto services = std::make_shared<Services>();
  const auto shared_options = std::make_shared<const Options>(options);
  services->connector = std::make_shared<net::Connector>(
      net::ProxyRules::from_environment(net::process_env),
      [shared_options](const net::Url& url) { return tls_options_of(*shared_options, url); }, options.connect_timeout);
  services->http =
      std::make_shared<net::HttpClient>(services->connector, std::make_shared<net::Pool>(options.max_connections),
                                        net::HttpTimeouts{options.response_timeout, options.idle_timeout});
  services->credentials = std::make_shared<const CredentialStore>(options);
  services->retry = net::system_retry_services(log);
  services->log = std::move(log);
  services->options = std::move(options);
  return services;
}

}  // namespace

class Client::Impl {
 public:
  Impl(Options options, std::shared_ptr<Logger> log) : services_(make_services(std::move(options), std::move(log))) {}

  Place place(const oci::Reference& reference, Access access) {
    Place place{host(reference.host), {}, reference.repository, access};
    const auto found = services_->options.hosts.find(reference.host);
    if (access == Access::write || found == services_->options.hosts.end()) return place;
    for (const auto& mirror : found->second.mirrors) place.mirrors.push_back(host(mirror, kMirrorAttempts));
    return place;
  }

  std::shared_ptr<Host> host(const std::string& name, int max_attempts) {
    const std::lock_guard lock(mutex_);
    auto& entry = hosts_[{name, max_attempts}];
    if (!entry) entry = std::make_shared<Host>(name, services_, max_attempts);
    return entry;
  }

  std::shared_ptr<Host> host(const std::string& name) { return host(name, services_->options.max_attempts); }

 private:
  std::shared_ptr<const Services> services_;
  std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::shared_ptr<Host>> hosts_;
};

Client::Client(Options options, std::shared_ptr<Logger> log)
    : impl_(std::make_shared<Impl>(std::move(options), std::move(log))) {}

Client::~Client() = default;

std::shared_ptr<oci::Repository> Client::repository(const oci::Reference& reference, Access access) {
  return std::make_shared<RegistryRepository>(impl_->place(reference, access));
}

HostReport Client::diagnose(const std::string& host, const CancelToken& cancel) {
  return registry::diagnose(*impl_->host(host), cancel);
}

bool Client::is_harbor(const std::string& host, const CancelToken& cancel) {
  return registry::is_harbor(*impl_->host(host), cancel);
}

NamePage Client::list_projects(const std::string& host, const std::string& from, const CancelToken& cancel) {
  return registry::list_projects(*impl_->host(host), from, cancel);
}

NamePage Client::list_repositories(const std::string& host, const std::string& project, const std::string& from,
                                   const CancelToken& cancel) {
  Host& asked = *impl_->host(host);
  return project.empty() ? list_catalog(asked, from, cancel) : list_project_repositories(asked, project, from, cancel);
}

TagPage Client::list_tags(const oci::Reference& reference, bool harbor, const std::string& from,
                          const CancelToken& cancel) {
  if (harbor) return list_artifact_tags(*impl_->host(reference.host), reference.repository, from, cancel);
  return list_tag_page(impl_->place(reference, Access::read), from, cancel);
}

}  // namespace accel::registry
