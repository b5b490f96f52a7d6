#include "accel/registry/scope.hpp"

#include <algorithm>

#include "accel/net/text.hpp"

namespace accel::registry {

namespace {

/// True when `held` has the resource of `wanted` and all its actions.
bool covers_one(std::string_view held, std::string_view wanted) {
  const auto held_colon = held.rfind(':');
  const auto wanted_colon = wanted.rfind(':');
  if (held_colon == std::string_view::npos || wanted_colon == std::string_view::npos) return held == wanted;
  if (held.substr(0, held_colon) != wanted.substr(0, wanted_colon)) return false;
  const auto actions = net::split(held.substr(held_colon + 1), ',');
  const auto needed = net::split(wanted.substr(wanted_colon + 1), ',');
  const auto has = [&](std::string_view action) {
    return std::find(actions.begin(), actions.end(), action) != actions.end();
  };
  return has("*") || std::all_of(needed.begin(), needed.end(), has);
}

}  // namespace

std::string pull_scope(std::string_view repository) { return "repository:" + std::string(repository) + ":pull"; }
std::string push_scope(std::string_view repository) { return "repository:" + std::string(repository) + ":pull,push"; }

bool covers(const Scopes& held, const Scopes& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& want) {
    return std::any_of(held.begin(), held.end(), [&](const std::string& have) { return covers_one(have, want); });
  });
}

Scopes merge(const Scopes& a, const Scopes& b) {
  Scopes all = a;
  all.insert(all.end(), b.begin(), b.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  Scopes kept;
  for (const auto& scope : all) {
    const bool redundant = std::any_of(all.begin(), all.end(), [&](const std::string& other) {
      return other != scope && covers_one(other, scope) && !(covers_one(scope, other) && other > scope);
    });
    if (!redundant) kept.push_back(scope);
  }
  return kept;
}

}  // namespace accel::registry
