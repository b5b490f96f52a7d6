/// What a token is good for: `repository:<name>:<actions>`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace accel::registry {

/// Scope texts, sorted, without doubles.
using Scopes = std::vector<std::string>;

/// What a repository is opened for.
enum class Access : unsigned char { read, write };

std::string pull_scope(std::string_view repository);
std::string push_scope(std::string_view repository);  ///< pull and push
/// What the list of a registry's repositories asks for.
inline constexpr const char* kCatalogScope = "registry:catalog:*";

/// True when a token for `held` does for `wanted`: every wanted resource is there with all its actions.
bool covers(const Scopes& held, const Scopes& wanted);
/// Both, in the form Scopes has; texts that another one covers are left out.
Scopes merge(const Scopes& a, const Scopes& b);

}  // namespace accel::registry
