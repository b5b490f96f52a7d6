#include "accel/registry/harbor.hpp"

#include <utility>

#include "accel/base/error.hpp"
#include "accel/base/json.hpp"
#include "accel/hash/digest.hpp"
#include "accel/net/text.hpp"

namespace accel::registry {

namespace {

constexpr std::string_view kApi = "/api/v2.0/";
constexpr std::string_view kPageSize = "page_size=100";  // Harbor's most

Call api_call(std::string path, std::string subject) {
  Call call;
  call.path = std::string(kApi) + std::move(path);
  call.subject = std::move(subject);
  call.proof = Proof::password;
  call.headers.add("Accept", "application/json");
  call.absent = "the account needs the permissions to list repositories, artifacts and tags of the project";
  return call;
}

std::string project_path(std::string_view project) {
  return "projects/" + net::percent_encode(project) + "/repositories";
}

/// One page of objects with a name.
NamePage read_names(Host& host, const Call& call, const std::string& from, const CancelToken& cancel) {
  RawPage raw = read_page(host, call, from, cancel);
  NamePage page;
  for (const json::Value& entry : json::parse(raw.body, call.subject).elements()) {
    page.names.push_back(entry.object().at("name").text());
  }
  if (!page.names.empty()) page.next = std::move(raw.next);
  return page;
}

}  // namespace

bool is_harbor(Host& host, const CancelToken& cancel) {
  Call call = api_call("ping", "Harbor's API of " + host.name());
  call.proof = Proof::none;
  constexpr std::size_t kMaxPing = 1024;
  // Others answer as they like: not found, a page for browsers, a login.
  Answer answer = host.send(call, {200, 400, 401, 403, 404, 405, 501}, cancel);
  if (answer.status != 200) return false;
  const auto body = net::read_all(*answer.body, kMaxPing);
  return body && net::trim(*body) == "Pong";
}

NamePage list_projects(Host& host, const std::string& from, const CancelToken& cancel) {
  return read_names(host, api_call("projects?" + std::string(kPageSize), "projects of " + host.name()), from, cancel);
}

NamePage list_project_repositories(Host& host, const std::string& project, const std::string& from,
                                   const CancelToken& cancel) {
  const Call call =
      api_call(project_path(project) + "?" + std::string(kPageSize), "repositories of " + host.name() + "/" + project);
  return read_names(host, call, from, cancel);
}

TagPage list_artifact_tags(Host& host, const std::string& repository, const std::string& from,
                           const CancelToken& cancel) {
  const auto slash = repository.find('/');
  if (slash == std::string::npos) {
    throw InvalidReference(host.name() + "/" + repository + " names no project", "Harbor's are project/repository");
  }
  // QUIRK: Harbor wants slashes in a repository's name encoded twice.
  const std::string name = net::percent_encode(net::percent_encode(repository.substr(slash + 1)));
  const Call call = api_call(
      project_path(repository.substr(0, slash)) + "/" + name + "/artifacts?with_tag=true&" + std::string(kPageSize),
      "tags of " + host.name() + "/" + repository);
  RawPage raw = read_page(host, call, from, cancel);
  TagPage page;
  const auto artifacts = json::parse(raw.body, call.subject).elements();
  for (const json::Value& artifact : artifacts) {
    const json::Object members = artifact.object();
    const auto tags = members.find("tags");
    if (!tags) continue;  // one platform of an index, or an image without a name
    const auto digest = hash::Digest::parse(members.at("digest").text());
    for (const json::Value& tag : tags->elements()) {
      page.tags.push_back({tag.object().at("name").text(), digest.to_string()});
    }
  }
  if (!artifacts.empty()) page.next = std::move(raw.next);
  return page;
}

}  // namespace accel::registry
