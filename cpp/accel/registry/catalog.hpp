/// The repositories of a registry, by the distribution API.
#pragma once

#include <string>

#include "accel/registry/page.hpp"

namespace accel::registry {

/// One page of `/v2/_catalog`; `from` as in NamePage. Throws NotFound or Unauthorized where a registry keeps that to
/// itself, as Docker Hub does. Spec: distribution's API, "Listing Repositories".
NamePage list_catalog(Host& host, const std::string& from, const CancelToken& cancel);

}  // namespace accel::registry
