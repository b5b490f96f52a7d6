/// Harbor's own API, as far as it says more than the distribution API: which projects, repositories and tags there are.
///
/// User and password go with each request: without them Harbor shows what is public and asks for nothing. Names and
/// pages as in Harbor's API v2.0. A robot account sees its projects; it needs the permissions to list repositories,
/// artifacts and tags.
#pragma once

#include <string>

#include "accel/registry/page.hpp"

namespace accel::registry {

/// True when the host answers Harbor's ping.
bool is_harbor(Host& host, const CancelToken& cancel);

/// One page of the projects that our account sees; `from` as in NamePage.
NamePage list_projects(Host& host, const std::string& from, const CancelToken& cancel);

/// One page of the repositories of a project, with the project in front: "library/app/web".
NamePage list_project_repositories(Host& host, const std::string& project, const std::string& from,
                                   const CancelToken& cancel);

/// One page of the tagged artifacts of a repository ("project/name") with their digests, an entry for each tag.
TagPage list_artifact_tags(Host& host, const std::string& repository, const std::string& from,
                           const CancelToken& cancel);

}  // namespace accel::registry
