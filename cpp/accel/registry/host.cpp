#include "accel/registry/host.hpp"

#include <algorithm>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/net/redact.hpp"
#include "accel/registry/api_error.hpp"

namespace accel::registry {

namespace {

constexpr int kMaxRedirects = 10;
/// What is read of a body that nobody wants, so that its connection can be used again.
constexpr std::size_t kDrain = 64U << 10U;

std::string join(const Scopes& scopes) {
  std::string text;
  for (const auto& scope : scopes) text += (text.empty() ? "" : " ") + scope;
  return text;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// A body that was read already.
class TextBody final : public net::Body {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  std::size_t read(MutableByteView out) override {
    const std::size_t count = std::min(out.size(), text_.size() - done_);
    std::copy_n(as_bytes(text_).begin() + static_cast<std::ptrdiff_t>(done_), count, out.begin());
    done_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t done_ = 0;
};

/// Reads the body into memory (too long a one is dropped), so that the answer holds no connection any more: what is
/// asked next may need its place.
void detach(net::Response& response) {
  std::optional<std::string> text;
  try {
    text = net::read_all(*response.body, kDrain);
  } catch (const RegistryError&) {
    // The connection is lost, the answer's head is what counts.
  }
  response.body = std::make_unique<TextBody>(text.value_or(""));
}

net::Url redirect_target(const net::Request& request, const net::Response& response, const std::string& subject) {
  const auto target = request.url.resolve(response.headers.get("Location"));
  RegistryError::Fields fields;
  fields.status = response.status;
  fields.method = request.method;
  fields.url = net::redact(request.url);
  if (!response.headers.has("Location") || !target) {
    throw RegistryError(subject + ": " + fields.url + " redirects to no readable http or https URL", fields,
                        "the registry or the proxy before it is set up wrongly");
  }
  if (request.url.is_https() && !target->is_https()) {
    throw RegistryError(subject + ": " + fields.url + " redirects to " + target->origin() + ", without encryption",
                        fields, "let the registry or the proxy before it give out https:// addresses");
  }
  return *target;
}

net::Url root_url(std::string_view scheme, const std::string& name) {
  const std::string host = name == "docker.io" ? "registry-1.docker.io" : name;
  const auto url = net::Url::parse(std::string(scheme) + "://" + host + "/");
  if (!url) throw InvalidReference("\"" + name + "\" is no registry host", "write host or host:port");
  return *url;
}

}  // namespace

Host::Host(std::string name, std::shared_ptr<const Services> services, int max_attempts)
    : name_(std::move(name)),
      services_(std::move(services)),
      auth_(name_, {services_->http, services_->credentials, services_->retry.clock, services_->options.user_agent}),
      capabilities_(name_) {
  policy_.max_attempts = max_attempts;
  policy_.backoff_base = services_->options.backoff_base;
}

std::optional<bool> Host::plain_http_setting() const {
  const auto found = services_->options.hosts.find(name_);
  return found == services_->options.hosts.end() ? std::nullopt : found->second.plain_http;
}

net::Url Host::configured_root() const {
  return root_url(plain_http_setting().value_or(false) ? "http" : "https", name_);
}

bool Host::answers_tls(const net::Url& url, const CancelToken& cancel) const {
  try {
    return services_->connector->speaks_tls(url, cancel);
  } catch (const Unreachable& error) {
    // Without a port in the name, plain HTTP has another one than TLS.
    const bool other_port = root_url("http", name_).port != url.port;
    if (error.fields().code != net::kRefused || !other_port) throw;
    return false;
  }
}

net::Url Host::root(const CancelToken& cancel) {
  {
    const std::lock_guard lock(mutex_);
    if (root_) return *root_;
  }
  net::Url url = configured_root();
  // Only for loopback hosts, and only when something other than TLS answers or nobody does: a time-out proves nothing.
  if (!plain_http_setting() && net::is_loopback(url.host) && !answers_tls(url, cancel)) {
    url = root_url("http", name_);
  }
  const std::lock_guard lock(mutex_);
  if (root_) return *root_;  // another thread asked too, and was first
  root_ = url;
  if (url.scheme != configured_root().scheme) {
    services_->log->info("registry on this machine does not speak TLS: using HTTP", {{"host", name_}});
  }
  return *root_;
}

Answer Host::send(const Call& call, std::initializer_list<int> accepted, const CancelToken& cancel) {
  net::Retry retry(policy_, services_->retry, call.method + " " + call.subject, cancel);
  return retry.run([&] { return send_once(call, accepted, cancel); });
}

net::Request Host::make_request(const Call& call, const CancelToken& cancel) {
  cancel.check();
  net::Request request;
  request.method = call.method;
  request.headers = call.headers;
  request.headers.set("User-Agent", services_->options.user_agent);
  request.body = call.body;
  request.hold = call.hold;
  request.limit = call.limit;
  request.url = call.url ? *call.url : *root(cancel).resolve(call.path);
  return request;
}

void Host::fail(const Call& call, const net::Url& url, net::Response& response) const {
  throw_api_error({name_, call.subject, call.method, url, join(call.scopes), call.absent}, response,
                  services_->retry.clock->date());
}

Answer Host::send_once(const Call& call, std::initializer_list<int> accepted, const CancelToken& cancel) {
  net::Request request = make_request(call, cancel);
  for (int hop = 0;; ++hop) {
    net::Response response = send_authorized(call, request, cancel);
    if (std::find(accepted.begin(), accepted.end(), response.status) != accepted.end()) {
      return {std::move(response), request.url};
    }
    const bool keeps_method = response.status == 307 || response.status == 308;
    const bool follow = is_redirect(response.status) && (keeps_method || call.method == "GET" || call.method == "HEAD");
    if (!follow || hop == kMaxRedirects) fail(call, request.url, response);
    detach(response);
    request.url = redirect_target(request, response, call.subject);
  }
}

std::unique_ptr<net::RequestStream> Host::begin(const Call& call, const CancelToken& cancel) {
  net::Request request = make_request(call, cancel);
  if (net::same_origin(request.url, root(cancel))) {
    const std::string authorization = auth_.authorization(call.scopes, cancel);
    if (!authorization.empty()) request.headers.set("Authorization", authorization);
  }
  return services_->http->begin(request, cancel);
}

net::Response Host::send_authorized(const Call& call, net::Request& request, const CancelToken& cancel) {
  request.headers.remove("Authorization");
  const net::Url root_url = root(cancel);
  // Storage hosts that answers point to never see our credentials.
  if (!net::same_origin(request.url, root_url)) return services_->http->send(request, cancel);
  const bool asked_for = call.proof == Proof::asked_for;
  const std::string used = asked_for                       ? auth_.authorization(call.scopes, cancel)
                           : call.proof == Proof::password ? auth_.basic(cancel)
                                                           : "";
  if (!used.empty()) request.headers.set("Authorization", used);
  net::Response response = services_->http->send(request, cancel);
  if (response.status != 401 || !asked_for) return response;
  detach(response);
  std::vector<Challenge> challenges;
  for (const auto field : response.headers.all("WWW-Authenticate")) {
    for (auto& challenge : parse_challenges(field)) challenges.push_back(std::move(challenge));
  }
  const std::string renewed = auth_.renew(challenges, call.scopes, used, root_url.is_https(), cancel);
  if (renewed.empty()) return response;
  request.headers.set("Authorization", renewed);
  return services_->http->send(request, cancel);
}

}  // namespace accel::registry
