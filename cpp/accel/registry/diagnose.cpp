#include "accel/registry/diagnose.hpp"

#include <functional>
#include <string>

#include "accel/base/error.hpp"
#include "accel/net/redact.hpp"
#include "accel/net/resolve.hpp"

namespace accel::registry {

namespace {

class Report {
 public:
  /// Runs one step; false when it failed.
  bool step(const char* name, const std::function<std::string()>& work) {
    try {
      report_.steps.push_back({name, true, work()});
      return true;
    } catch (const Cancelled&) {
      throw;
    } catch (const std::exception& error) {
      report_.steps.push_back({name, false, error.what()});
      return false;
    }
  }
  HostReport take() { return std::move(report_); }

 private:
  HostReport report_;
};

std::string resolve_step(const net::Url& root, const net::Route& route, const Options& options,
                         const CancelToken& cancel) {
  const auto proxy = net::Url::parse(route.proxy);
  const std::string& name = proxy ? proxy->host : root.host;
  std::string text = proxy ? "proxy " + net::redact(*proxy) + ": " : name + ": ";
  std::string separator;
  for (const auto& address : net::resolve(name, options.connect_timeout, cancel)) {
    text += separator + address;
    separator = ", ";
  }
  return text;
}

std::string ping_step(Host& host, const CancelToken& cancel) {
  Call call;
  call.path = "/v2/";
  call.subject = "registry " + host.name();
  const Answer answer = host.send_once(call, {200}, cancel);
  const auto version = answer.headers.get("Docker-Distribution-Api-Version");
  return "GET /v2/ answered 200" + (version.empty() ? "" : " (" + std::string(version) + ")");
}

std::string auth_step(Host& host, const CancelToken& cancel) {
  const std::string scheme = host.auth().scheme();
  const bool credentials = host.auth().has_credentials(cancel);
  if (scheme.empty())
    return credentials ? "the registry asks for no login; credentials are not used" : "no login needed";
  return scheme + (credentials ? ", logged in" : ", anonymous");
}

std::string referrers_step(Host& host, const CancelToken& cancel) {
  // A repository that does not exist: with the API an empty index, or its own 404 for the name.
  Call call;
  call.path = "/v2/library/accel-doctor/referrers/sha256:" + std::string(64, '0');
  call.scopes = {pull_scope("library/accel-doctor")};
  call.subject = "referrers API of " + host.name();
  call.headers.add("Accept", "application/vnd.oci.image.index.v1+json");
  const Answer answer = host.send_once(call, {200, 400, 401, 403, 404, 405, 501}, cancel);
  const bool index = answer.headers.get("Content-Type").starts_with("application/vnd.oci.image.index.v1+json");
  if (answer.status == 200 && index) return "referrers API";
  if (answer.status == 401 || answer.status == 403) return "not known: needs access to a repository";
  return "no referrers API; referrers are kept under the tag sha256-<hex>";
}

}  // namespace

HostReport diagnose(Host& host, const CancelToken& cancel) {
  Report report;
  const Services& services = host.services();
  net::Url root;
  net::Route route;
  std::unique_ptr<net::Connection> connection;
  const auto look_up = [&] {
    root = host.configured_root();
    return resolve_step(root, services.connector->route(root), services.options, cancel);
  };
  if (!report.step("resolve", look_up)) return report.take();
  const auto connect = [&] {
    root = host.root(cancel);  // a loopback host is asked what it speaks
    route = services.connector->route(root);
    net::Route plain = route;
    if (route.proxy.empty()) plain.scheme = "http";  // TCP only; TLS is the next step
    connection = services.connector->connect(plain, {}, cancel);
    return root.authority() + (route.proxy.empty() ? "" : " through " + net::redact(route.proxy));
  };
  if (!report.step("connect", connect)) return report.take();
  const auto tls = [&]() -> std::string {
    if (!root.is_https()) return "plain HTTP: nothing is encrypted";
    connection = services.connector->connect(route, {}, cancel);
    return connection->describe_tls() + (route.tls.insecure ? " (NOT verified: insecure is set)" : "");
  };
  if (!report.step("tls", tls)) return report.take();
  if (!report.step("ping", [&] { return ping_step(host, cancel); })) return report.take();
  if (!report.step("auth", [&] { return auth_step(host, cancel); })) return report.take();
  report.step("referrers", [&] { return referrers_step(host, cancel); });
  return report.take();
}

}  // namespace accel::registry
