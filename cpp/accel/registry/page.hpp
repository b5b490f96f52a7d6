/// Lists of a registry, page by page: a caller that takes one at a time never holds more than one.
#pragma once

#include <string>
#include <vector>

#include "accel/base/cancel.hpp"
#include "accel/registry/host.hpp"

namespace accel::registry {

/// Names, and where the next page is: what a list function gave as `next`, handed to it again; "" on the last page.
struct NamePage {
  std::vector<std::string> names;
  std::string next;
};

/// A tag, and the digest it points to where the list says so.
struct TagEntry {
  std::string tag;
  std::string digest;
  friend bool operator==(const TagEntry&, const TagEntry&) = default;
};

struct TagPage {
  std::vector<TagEntry> tags;
  std::string next;  ///< as in NamePage
};

/// The text of one page.
struct RawPage {
  std::string body;
  std::string next;  ///< as in NamePage
};

/// Sends `call`, or asks for what `from` leads to unless that is empty. Throws FormatError for a page above 16 MiB and
/// InvalidReference when `from` is of another host.
RawPage read_page(Host& host, Call call, const std::string& from, const CancelToken& cancel);

}  // namespace accel::registry
