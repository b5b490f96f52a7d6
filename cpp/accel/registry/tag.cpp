#include "accel/registry/tag.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/registry/link.hpp"

namespace accel::registry {

namespace {

// ECR refuses more than 1000 a page.
constexpr std::string_view kFirstPage = "tags/list?n=1000";
constexpr std::size_t kMaxPageBytes = 16U << 20U;
constexpr std::size_t kMaxTags = 1'000'000;

void append_page(const std::string& body, const std::string& subject, std::vector<std::string>& tags) {
  const auto document = nlohmann::json::parse(body, nullptr, false);
  const auto list = document.is_object() ? document.find("tags") : document.end();
  if (!document.is_object() || list == document.end() || !(list->is_array() || list->is_null())) {
    throw FormatError(subject + ": the answer has no list of tags");
  }
  for (const auto& tag : *list) {
    if (!tag.is_string()) throw FormatError(subject + ": a tag is no string");
    tags.push_back(tag.get<std::string>());
  }
}

std::vector<std::string> list_at(Host& host, const Place& place, const CancelToken& cancel) {
  Call call;
  call.path = place.path(kFirstPage);
  call.scopes = place.pull();
  call.subject = "tags of " + place.name();
  std::vector<std::string> tags;
  for (;;) {
    Answer answer = host.send(call, {200}, cancel);
    const auto body = net::read_all(*answer.body, kMaxPageBytes);
    if (!body) throw FormatError(call.subject + ": a page is larger than 16 MiB");
    const std::size_t before = tags.size();
    append_page(*body, call.subject, tags);
    if (tags.size() > kMaxTags) throw FormatError(call.subject + ": more than a million tags");
    auto next = next_page(answer, call.subject);
    if (!next || tags.size() == before) return tags;
    call.url = std::move(*next);
  }
}

}  // namespace

std::vector<std::string> list_tags(const Place& place, const CancelToken& cancel) {
  return read_from_any(place, [&](Host& host) { return list_at(host, place, cancel); });
}

}  // namespace accel::registry
