#include "accel/registry/catalog.hpp"

#include "accel/base/json.hpp"

namespace accel::registry {

NamePage list_catalog(Host& host, const std::string& from, const CancelToken& cancel) {
  Call call;
  call.path = "/v2/_catalog?n=1000";
  call.scopes = {kCatalogScope};
  call.subject = "repositories of " + host.name();
  call.absent = "the registry does not tell which repositories it has; name them";
  RawPage raw = read_page(host, call, from, cancel);
  NamePage page;
  if (const auto list = json::parse(raw.body, call.subject).object().find("repositories")) {
    for (const json::Value& name : list->elements()) page.names.push_back(name.text());
  }
  if (!page.names.empty()) page.next = std::move(raw.next);
  return page;
}

}  // namespace accel::registry
