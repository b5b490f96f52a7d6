#include "accel/formats/nydus/rafs/tree.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/rafs/growth.hpp"
#include "accel/tar/path.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::size_t kFirstSlots = 16;
constexpr std::size_t kMaxText = UINT32_MAX;

std::size_t mix(std::size_t hash) noexcept {
  std::uint64_t value = hash;
  value ^= value >> 32U;
  value *= 0x9E3779B97F4A7C15U;
  return static_cast<std::size_t>(value ^ (value >> 29U));
}

std::size_t hash_of(Tree::Name directory, std::string_view name) noexcept {
  return mix(std::hash<std::string_view>{}(name) + directory * std::size_t{0x9E3779B1U});
}

std::size_t hash_of(const Xattrs& xattrs) noexcept {
  std::size_t hash = 0;
  for (const auto& [key, value] : xattrs) {
    hash = mix(hash + std::hash<std::string>{}(key));
    hash = mix(hash + std::hash<std::string>{}(value));
  }
  return hash;
}

/// What keeps `name` from being one in a directory; "" when nothing does.
std::string problem_of(std::string_view name) {
  if (name.empty()) return "an empty name";
  if (name == "." || name == "..") return "a file named " + std::string(name);
  if (name.size() > tar::kMaxComponentSize) {
    return "a name of " + std::to_string(name.size()) + " bytes, where file systems take " +
           std::to_string(tar::kMaxComponentSize);
  }
  if (name.find('\0') != std::string_view::npos) return "a name with a NUL";
  if (name.find('/') != std::string_view::npos) return "a name with a slash";
  return {};
}

[[noreturn]] void refuse_size(const char* what) {
  throw FormatError(std::string("file system with more than 4 GiB of ") + what, {}, "split the layer");
}

}  // namespace

Tree::Tree() : xattrs_(1), index_(kFirstSlots, kNone) {
  names_.push_back({.text = 0, .parent = kRoot, .inode = add_inode({.implicit = true}), .name_size = 0});
}

std::string_view Tree::name(Name entry) const {
  const Record& record = names_[entry];
  return std::string_view(text_).substr(record.text, record.name_size);
}

std::string_view Tree::text(std::uint32_t text) const {
  const std::uint32_t begin = text_ends_[std::size_t{text} * 2];
  return std::string_view(text_).substr(begin, text_ends_[std::size_t{text} * 2 + 1] - begin);
}

std::uint32_t Tree::append(std::string_view text) {
  if (text.size() > kMaxText - text_.size()) refuse_size("names and link targets");
  const auto begin = static_cast<std::uint32_t>(text_.size());
  make_room(text_, text.size());
  text_.append(text);
  return begin;
}

std::uint32_t Tree::add_text(std::string_view text) {
  const std::uint32_t begin = append(text);
  const auto number = static_cast<std::uint32_t>(text_ends_.size() / 2);
  text_ends_.push_back(begin);
  text_ends_.push_back(static_cast<std::uint32_t>(text_.size()));
  return number;
}

std::uint32_t Tree::add_xattrs(Xattrs xattrs) {
  if (xattrs.empty()) return 0;
  const std::size_t hash = hash_of(xattrs);
  const auto [first, last] = xattr_index_.equal_range(hash);
  for (auto same = first; same != last; ++same) {
    if (xattrs_[same->second] == xattrs) return same->second;
  }
  const auto number = static_cast<std::uint32_t>(xattrs_.size());
  xattrs_.push_back(std::move(xattrs));
  xattr_index_.emplace(hash, number);
  return number;
}

std::uint32_t Tree::add_inode(const Inode& inode) {
  if (inodes_.size() >= kNone) refuse_size("inodes");
  append_sparing(inodes_, inode);
  return static_cast<std::uint32_t>(inodes_.size() - 1);
}

std::size_t Tree::slot_of(Name directory, std::string_view name) const {
  const std::size_t mask = index_.size() - 1;
  std::size_t slot = hash_of(directory, name) & mask;
  for (; index_[slot] != kNone; slot = (slot + 1) & mask) {
    const Record& record = names_[index_[slot]];
    if (record.parent == directory && !record.removed && this->name(index_[slot]) == name) return slot;
  }
  return slot;
}

Tree::Name Tree::child(Name directory, std::string_view name) const { return index_[slot_of(directory, name)]; }

/// Twice the slots, without names that were removed.
void Tree::grow_index() {
  std::vector<Name> slots(index_.size() * 2, kNone);
  const std::size_t mask = slots.size() - 1;
  for (const Name entry : index_) {
    if (entry == kNone || names_[entry].removed) continue;
    std::size_t slot = hash_of(names_[entry].parent, name(entry)) & mask;
    while (slots[slot] != kNone) slot = (slot + 1) & mask;
    slots[slot] = entry;
  }
  index_ = std::move(slots);
}

Tree::Name Tree::add(Name directory, std::string_view name, std::uint32_t inode) {
  if (std::string problem = problem_of(name); !problem.empty()) {
    std::string parent = path(directory);
    if (parent != "/") parent += '/';
    throw FormatError(problem, {.digest = {}, .path = tar::shown_name(parent + std::string(name)), .offset = {}},
                      "rebuild the layer without this entry");
  }
  if (names_.size() >= kNone) refuse_size("names");
  const auto entry = static_cast<Name>(names_.size());
  const std::uint32_t text = append(name);
  make_room(names_);
  names_.push_back(
      {.text = text, .parent = directory, .inode = inode, .name_size = static_cast<std::uint8_t>(name.size())});
  if (names_.size() > index_.size() / 4 * 3) grow_index();
  index_[slot_of(directory, name)] = entry;
  Record& parent = names_[directory];
  if (parent.last_child == kNone) {
    parent.first_child = entry;
  } else {
    names_[parent.last_child].next = entry;
    if (parent.sorted && name < this->name(parent.last_child)) parent.sorted = false;
  }
  parent.last_child = entry;
  return entry;
}

std::vector<Tree::Name> Tree::list_children(Name directory, bool& with_removed) const {
  std::vector<Name> children;
  for (Name child = names_[directory].first_child; child != kNone; child = names_[child].next) {
    if (names_[child].removed) {
      with_removed = true;
    } else {
      children.push_back(child);
    }
  }
  return children;
}

void Tree::link_children(Name directory, const std::vector<Name>& children) const {
  for (std::size_t i = 0; i < children.size(); ++i) {
    names_[children[i]].next = i + 1 < children.size() ? children[i + 1] : kNone;
  }
  Record& record = names_[directory];
  record.first_child = children.empty() ? kNone : children.front();
  record.last_child = children.empty() ? kNone : children.back();
  record.sorted = true;
}

std::vector<Tree::Name> Tree::children(Name directory) const {
  bool with_removed = false;
  std::vector<Name> children = list_children(directory, with_removed);
  const bool sorted = names_[directory].sorted;
  if (!sorted) {
    std::sort(children.begin(), children.end(), [this](Name left, Name right) { return name(left) < name(right); });
  }
  if (!sorted || with_removed) link_children(directory, children);
  return children;
}

std::string Tree::path(Name entry) const {
  std::vector<Name> chain;
  for (; entry != kRoot; entry = names_[entry].parent) chain.push_back(entry);
  if (chain.empty()) return "/";
  std::string path;
  for (auto at = chain.rbegin(); at != chain.rend(); ++at) path.append("/").append(name(*at));
  return path;
}

Tree::Name Tree::find(std::string_view path) const {
  Name at = kRoot;
  while (at != kNone) {
    path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
    if (path.empty()) break;
    const std::string_view component = path.substr(0, path.find('/'));
    at = child(at, component);
    path.remove_prefix(component.size());
  }
  return at;
}

void Tree::remove(Name entry) {
  names_[entry].removed = true;
  remove_children(entry);
}

void Tree::remove_children(Name directory) {
  // Not by recursion: a hostile bootstrap may be as deep as it is long.
  std::vector<Name> open(1, directory);
  while (!open.empty()) {
    Record& record = names_[open.back()];
    open.pop_back();
    for (Name child = record.first_child; child != kNone; child = names_[child].next) {
      names_[child].removed = true;
      if (names_[child].first_child != kNone) open.push_back(child);
    }
    record.first_child = kNone;
    record.last_child = kNone;
    record.sorted = true;
  }
}

void Tree::shrink() {
  names_.shrink_to_fit();
  inodes_.shrink_to_fit();
  text_.shrink_to_fit();
  text_ends_.shrink_to_fit();
}

}  // namespace accel::formats::nydus
