#include "accel/registry/link.hpp"

#include <utility>

#include "accel/base/error.hpp"
#include "accel/net/redact.hpp"
#include "accel/net/text.hpp"

namespace accel::registry {

namespace {

/// True when the parameters of one link hold rel=next, quoted or not, alone or among others.
bool is_next(std::string_view parameters) {
  for (const auto parameter : net::split(parameters, ';')) {
    const auto equals = parameter.find('=');
    if (equals == std::string_view::npos || !net::equal_nocase(net::trim(parameter.substr(0, equals)), "rel")) continue;
    auto value = net::trim(parameter.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    for (const auto relation : net::split(value, ' ')) {
      if (net::equal_nocase(relation, "next")) return true;
    }
  }
  return false;
}

}  // namespace

std::optional<std::string> parse_next_link(std::string_view field) {
  while (!field.empty()) {
    const auto open = field.find('<');
    if (open == std::string_view::npos) return std::nullopt;
    const auto close = field.find('>', open);
    if (close == std::string_view::npos) return std::nullopt;
    const auto target = field.substr(open + 1, close - open - 1);
    field.remove_prefix(close + 1);
    // Parameters end at the comma before the next link; commas in quotes do not count.
    std::size_t end = 0;
    for (bool quoted = false; end < field.size() && (quoted || field[end] != ','); ++end) {
      if (field[end] == '"') quoted = !quoted;
    }
    if (is_next(field.substr(0, end))) return std::string(target);
    field.remove_prefix(end);
  }
  return std::nullopt;
}

std::optional<net::Url> next_page(const Answer& answer, const std::string& subject) {
  for (const auto field : answer.headers.all("Link")) {
    const auto target = parse_next_link(field);
    if (!target) continue;
    auto url = answer.url.resolve(*target);
    if (!url || !net::same_origin(*url, answer.url) || *url == answer.url) {
      RegistryError::Fields fields;
      fields.status = answer.status;
      fields.url = net::redact(answer.url);
      throw RegistryError(subject + ": the link to the next page leads nowhere useful", std::move(fields),
                          "the registry or the proxy before it is set up wrongly");
    }
    return url;
  }
  return std::nullopt;
}

}  // namespace accel::registry
