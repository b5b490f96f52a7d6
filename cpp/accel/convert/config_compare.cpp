#include "accel/convert/config_compare.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

#include "accel/base/json.hpp"

namespace accel::convert {

namespace {

constexpr std::array<std::string_view, 5> kPlatformMembers = {"os", "architecture", "variant", "os.version",
                                                              "os.features"};
constexpr std::string_view kParentImage = "Image";

/// A text that is the same for values that mean the same: members sorted, strings in one spelling.
std::string canonical(const json::Value& value) {
  switch (value.raw().front()) {
    case '"':
      return json::quote(value.text());
    case '[': {
      std::vector<std::string> elements;
      for (const json::Value& element : value.elements()) elements.push_back(canonical(element));
      return json::array(elements);
    }
    case '{': {
      const json::Object object = value.object();
      std::map<std::string, std::string> members;
      for (const auto& member : object.members()) members.emplace(member.name, canonical(object.value(member)));
      json::ObjectWriter sorted;
      for (const auto& [name, text] : members) sorted.add(name, text);
      return sorted.finish();
    }
    default:
      return value.compact();
  }
}

/// Go writes what is not set as null or leaves it out, and some builders write the empty value.
bool is_empty(std::string_view canonical_text) {
  return canonical_text == "null" || canonical_text == "\"\"" || canonical_text == "[]" || canonical_text == "{}" ||
         canonical_text == "false";
}

/// Member → canonical text of all that counts.
std::map<std::string, std::string> runtime_members(std::string_view document, std::string_view what) {
  std::map<std::string, std::string> members;
  const auto add = [&](const std::string& name, const json::Value& value) {
    std::string text = canonical(value);
    if (!is_empty(text)) members.emplace(name, std::move(text));
  };
  const json::Object root = json::parse(document, what).object();
  for (const std::string_view name : kPlatformMembers) {
    if (const auto value = root.find(name)) add(std::string(name), *value);
  }
  if (const auto config = root.find("config")) {
    const json::Object object = config->object();
    for (const auto& member : object.members()) {
      if (member.name != kParentImage) add(member.name, object.value(member));
    }
  }
  return members;
}

}  // namespace

std::vector<Difference> compare_configs(std::string_view source_json, std::string_view target_json) {
  const auto source = runtime_members(source_json, "source config");
  const auto target = runtime_members(target_json, "target config");
  std::vector<Difference> differences;
  const auto text_of = [](const std::map<std::string, std::string>& members, const std::string& name) {
    const auto found = members.find(name);
    return found == members.end() ? std::string() : found->second;
  };
  auto names = source;
  names.insert(target.begin(), target.end());
  for (const auto& [name, text] : names) {
    const std::string left = text_of(source, name);
    const std::string right = text_of(target, name);
    if (left != right) differences.push_back({"", "config", name, left, right});
  }
  return differences;
}

}  // namespace accel::convert
