#include "accel/registry/tag.hpp"

#include <utility>

#include "accel/base/error.hpp"
#include "accel/base/json.hpp"

namespace accel::registry {

namespace {

// ECR refuses more than 1000 a page.
constexpr std::string_view kFirstPage = "tags/list?n=1000";
constexpr std::size_t kMaxTags = 1'000'000;

std::string subject_of(const Place& place) { return "tags of " + place.name(); }

NamePage read_tags(Host& host, const Place& place, const std::string& from, const CancelToken& cancel) {
  Call call;
  call.path = place.path(kFirstPage);
  call.scopes = place.pull();
  call.subject = subject_of(place);
  RawPage raw = read_page(host, call, from, cancel);
  const json::Object document = json::parse(raw.body, call.subject).object();
  if (!document.contains("tags")) throw FormatError(call.subject + ": the answer has no list of tags");
  NamePage page;
  if (const auto list = document.find("tags")) {
    for (const json::Value& tag : list->elements()) page.names.push_back(tag.text());
  }
  if (!page.names.empty()) page.next = std::move(raw.next);
  return page;
}

std::vector<std::string> list_at(Host& host, const Place& place, const CancelToken& cancel) {
  std::vector<std::string> tags;
  std::string next;
  do {
    NamePage page = read_tags(host, place, next, cancel);
    tags.insert(tags.end(), std::make_move_iterator(page.names.begin()), std::make_move_iterator(page.names.end()));
    if (tags.size() > kMaxTags) throw FormatError(subject_of(place) + ": more than a million tags");
    next = std::move(page.next);
  } while (!next.empty());
  return tags;
}

}  // namespace

std::vector<std::string> list_tags(const Place& place, const CancelToken& cancel) {
  return read_from_any(place, [&](Host& host) { return list_at(host, place, cancel); });
}

TagPage list_tag_page(const Place& place, const std::string& from, const CancelToken& cancel) {
  NamePage names = read_tags(*place.host, place, from, cancel);
  TagPage page;
  for (std::string& name : names.names) page.tags.push_back({std::move(name), ""});
  page.next = std::move(names.next);
  return page;
}

}  // namespace accel::registry
