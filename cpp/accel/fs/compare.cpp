#include <algorithm>
#include <chrono>
#include <limits>
#include <sstream>
#include <unordered_map>

#include "accel/base/bytes.hpp"
#include "accel/fs/detail/tree_impl.hpp"

namespace accel::fs {

using detail::Directory;
using detail::Item;

namespace {

constexpr std::uint32_t kNanosecondsPerSecond = 1'000'000'000;

std::string zero_padded(std::uint64_t value, std::size_t width) {
  std::string digits = std::to_string(value);
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return digits;
}

std::string mode_text(std::uint32_t mode) {
  std::ostringstream text;
  text << std::oct << mode;
  return "0" + text.str();
}

/// RFC 3339 in UTC; seconds since the epoch outside the years 0–9999.
std::string time_text(const tar::Time& time) {
  using namespace std::chrono;
  constexpr std::int64_t kYear0 = -62'167'219'200;
  constexpr std::int64_t kYear10000 = 253'402'300'800;
  const std::string fraction = time.nanoseconds == 0 ? "" : "." + zero_padded(time.nanoseconds, 9);
  if (time.seconds < kYear0 || time.seconds >= kYear10000) return "@" + std::to_string(time.seconds) + fraction;
  const sys_seconds at{seconds(time.seconds)};
  const auto day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss clock(at - day);
  std::string text = zero_padded(static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
  text += "-" + zero_padded(static_cast<unsigned>(date.month()), 2);
  text += "-" + zero_padded(static_cast<unsigned>(date.day()), 2);
  text += "T" + zero_padded(static_cast<std::uint64_t>(clock.hours().count()), 2);
  text += ":" + zero_padded(static_cast<std::uint64_t>(clock.minutes().count()), 2);
  text += ":" + zero_padded(static_cast<std::uint64_t>(clock.seconds().count()), 2);
  return text + fraction + "Z";
}

/// Half a second goes up, as in estargz.md section 5.2.
tar::Time round_to_seconds(const tar::Time& time) {
  const bool up = time.nanoseconds >= kNanosecondsPerSecond / 2;
  const bool can = time.seconds < std::numeric_limits<std::int64_t>::max();
  return {.seconds = time.seconds + (up && can ? 1 : 0), .nanoseconds = 0};
}

std::string device_text(const Node& node) {
  return std::to_string(node.device_major) + ":" + std::to_string(node.device_minor);
}

/// Printable ASCII as it is, anything else in hex.
std::string value_text(const std::string& value) {
  const bool printable = std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  return printable ? "\"" + value + "\"" : "0x" + hex_encode(as_bytes(value));
}

/// The first path of each node that has several, in path order.
using FirstPaths = std::unordered_map<const Node*, std::string>;

FirstPaths first_paths(const Tree& tree) {
  FirstPaths first;
  tree.walk([&](const std::string& path, const std::shared_ptr<const Node>& node) {
    if (node->type != tar::EntryType::directory && node.use_count() > 1) first.try_emplace(node.get(), path);
  });
  return first;
}

class Comparison {
 public:
  Comparison(const Tree& left, const Tree& right, bool whole_seconds)
      : left_first_(first_paths(left)), right_first_(first_paths(right)), whole_seconds_(whole_seconds) {}

  std::vector<TreeDifference> run(const Item& left, const Item& right) && {
    compare_items(left, right);
    return std::move(differences_);
  }

 private:
  void compare_items(const Item& left, const Item& right) {
    compare_nodes(*left.node, *right.node);
    const Directory empty;
    compare_directories(left.children ? *left.children : empty, right.children ? *right.children : empty);
  }

  void compare_directories(const Directory& left, const Directory& right) {
    auto l = left.begin();
    auto r = right.begin();
    while (l != left.end() || r != right.end()) {
      const int order = l == left.end() ? 1 : r == right.end() ? -1 : l->first.compare(r->first);
      const std::size_t parent_size = enter(order <= 0 ? l->first : r->first);
      if (order == 0) {
        compare_items(l->second, r->second);
      } else {
        report_missing(order < 0 ? l->second : r->second, order < 0);
      }
      path_.resize(parent_size);
      if (order <= 0) ++l;
      if (order >= 0) ++r;
    }
  }

  std::size_t enter(const std::string& name) {
    const std::size_t parent_size = path_.size();
    if (parent_size > 0) path_ += '/';
    path_ += name;
    return parent_size;
  }

  void report_missing(const Item& item, bool in_left) {
    const std::string type(detail::type_name(item.node->type));
    if (in_left) {
      add("only in source", type, "");
    } else {
      add("only in target", "", type);
    }
    if (!item.children) return;
    for (const auto& [name, child] : *item.children) {
      const std::size_t parent_size = enter(name);
      report_missing(child, in_left);
      path_.resize(parent_size);
    }
  }

  void compare_nodes(const Node& left, const Node& right) {
    if (left.type != right.type) {
      add("type", std::string(detail::type_name(left.type)), std::string(detail::type_name(right.type)));
    }
    if (left.implicit || right.implicit) return;
    if (left.mode != right.mode) add("mode", mode_text(left.mode), mode_text(right.mode));
    if (left.uid != right.uid) add("uid", std::to_string(left.uid), std::to_string(right.uid));
    if (left.gid != right.gid) add("gid", std::to_string(left.gid), std::to_string(right.gid));
    const tar::Time left_time = whole_seconds_ ? round_to_seconds(left.mtime) : left.mtime;
    const tar::Time right_time = whole_seconds_ ? round_to_seconds(right.mtime) : right.mtime;
    if (left_time != right_time) add("mtime", time_text(left_time), time_text(right_time));
    if (left.size != right.size) add("size", std::to_string(left.size), std::to_string(right.size));
    if (left.link_target != right.link_target) add("link target", left.link_target, right.link_target);
    if (device_text(left) != device_text(right)) add("device", device_text(left), device_text(right));
    if (left.xattrs != right.xattrs) compare_xattrs(left, right);
    const std::string left_first = other_name(left_first_, left);
    const std::string right_first = other_name(right_first_, right);
    if (left_first != right_first) add("hardlinks", left_first, right_first);
    if (left.content != right.content) add("content", left.content.to_string(), right.content.to_string());
  }

  void compare_xattrs(const Node& left, const Node& right) {
    std::map<std::string, std::pair<std::string, std::string>> values;
    for (const auto& [name, value] : left.xattrs) values[name].first = value_text(value);
    for (const auto& [name, value] : right.xattrs) values[name].second = value_text(value);
    for (auto& [name, both] : values) {
      if (both.first != both.second) add("xattr " + name, std::move(both.first), std::move(both.second));
    }
  }

  /// The first name of the group this path belongs to; "" when that is the path itself.
  [[nodiscard]] std::string other_name(const FirstPaths& first, const Node& node) const {
    const auto found = first.find(&node);
    return found == first.end() || found->second == path_ ? std::string() : found->second;
  }

  void add(std::string field, std::string left, std::string right) {
    differences_.push_back({path_, std::move(field), std::move(left), std::move(right)});
  }

  const FirstPaths left_first_, right_first_;
  const bool whole_seconds_;
  std::string path_;
  std::vector<TreeDifference> differences_;
};

}  // namespace

std::vector<TreeDifference> compare(const Tree& left, const Tree& right, bool whole_seconds) {
  return Comparison(left, right, whole_seconds).run(left.impl_->root, right.impl_->root);
}

}  // namespace accel::fs
