#include "accel/registry/page.hpp"

#include <utility>

#include "accel/base/error.hpp"
#include "accel/registry/link.hpp"

namespace accel::registry {

namespace {

constexpr std::size_t kMaxPageBytes = 16U << 20U;

}  // namespace

RawPage read_page(Host& host, Call call, const std::string& from, const CancelToken& cancel) {
  if (!from.empty()) {
    call.url = net::Url::parse(from);
    if (!call.url || !net::same_origin(*call.url, host.root(cancel))) {
      throw InvalidReference(call.subject + ": the next page is not one of " + host.name(),
                             "hand back what the page before gave as next");
    }
  }
  Answer answer = host.send(call, {200}, cancel);
  auto body = net::read_all(*answer.body, kMaxPageBytes);
  if (!body) throw FormatError(call.subject + ": a page is larger than 16 MiB");
  const auto next = next_page(answer, call.subject);
  return {std::move(*body), next ? next->to_string() : ""};
}

}  // namespace accel::registry
