#include "accel/formats/layer_names.hpp"

#include <optional>
#include <unordered_set>

#include "accel/base/error.hpp"
#include "accel/formats/jtoc/timestamp.hpp"
#include "accel/tar/block.hpp"
#include "accel/tar/header.hpp"
#include "accel/tar/path.hpp"

namespace accel::formats {

namespace {

[[noreturn]] void refuse(std::string_view name, std::string problem) {
  throw FormatError(std::move(problem), FormatError::Where{{}, tar::shown_name(name), {}},
                    "rebuild the image without this entry");
}

}  // namespace

std::string toc_obstacle(const tar::Entry& entry) {
  if (!tar::is_utf8(entry.name)) return "its name is not UTF-8";
  if (!tar::is_utf8(entry.link_name)) return "its link target is not UTF-8";
  for (const auto& [name, value] : entry.xattrs) {
    if (!tar::is_utf8(name)) return "the name of an extended attribute is not UTF-8";
  }
  for (const std::optional<tar::Time>& time : {std::optional(entry.mtime), entry.atime, entry.ctime}) {
    // Rounding may add a second.
    if (time && !jtoc::is_representable({time->seconds + (time->nanoseconds > 0 ? 1 : 0), 0})) {
      return "a time of it lies outside the years 1 to 9999";
    }
  }
  return {};
}

bool has_global_header(ByteView raw_header) {
  while (raw_header.size() >= tar::kBlockSize) {
    const tar::Block block = raw_header.first<tar::kBlockSize>();
    const char type = as_text(block)[tar::field::kTypeFlag.offset];
    if (type == 'g') return true;
    if (type != 'x' && type != 'L' && type != 'K') return false;
    // The reader has checked these sizes against the blocks that are there.
    const auto size = static_cast<std::uint64_t>(tar::number_field(block, tar::field::kSize).value_or(0));
    const std::uint64_t blocks = tar::kBlockSize + size + tar::padding_size(size);
    if (blocks > raw_header.size()) return false;
    raw_header = raw_header.subspan(static_cast<std::size_t>(blocks));
  }
  return false;
}

LayerNames::Outcome LayerNames::add(const tar::Entry& entry) {
  path_ = tar::safe_path(entry.name);
  if (path_.empty() && entry.type != tar::EntryType::directory) refuse(entry.name, "the root is no directory");
  add_parents(entry);
  std::string target;
  const Kind kind = kind_of(entry, target);
  const auto [place, fresh] = kinds_.try_emplace(path_, kind);
  if (!fresh) {
    if (place->second != Kind::implied_directory) return Outcome::repeated;
    if (kind != Kind::directory) refuse(entry.name, "it is no directory, but entries before it lie below it");
    place->second = kind;
  }
  if (kind != Kind::unresolved_link) return Outcome::fresh;
  unresolved_.emplace(path_, std::move(target));
  return Outcome::link_before_target;
}

void LayerNames::add_parents(const tar::Entry& entry) {
  std::string_view parent = tar::parent_path(path_);
  if (parent == last_parent_) return;
  last_parent_ = parent;
  for (; !parent.empty(); parent = tar::parent_path(parent)) {
    const auto known = kinds_.find(parent);
    if (known == kinds_.end()) {
      kinds_.emplace(parent, Kind::implied_directory);
      continue;
    }
    if (known->second == Kind::directory || known->second == Kind::implied_directory) return;
    last_parent_.clear();
    refuse(entry.name, "it lies below " + std::string(parent) + ", which is no directory in this layer");
  }
}

LayerNames::Kind LayerNames::kind_of(const tar::Entry& entry, std::string& target) const {
  if (entry.type == tar::EntryType::directory) return Kind::directory;
  if (entry.type != tar::EntryType::hardlink) return Kind::file;
  try {
    target = tar::safe_path(entry.link_name);
  } catch (const FormatError& error) {
    refuse(entry.name, "its hardlink target: " + error.message());
  }
  const auto known = kinds_.find(target);
  if (target == path_ || known == kinds_.end()) return Kind::unresolved_link;
  if (known->second == Kind::directory || known->second == Kind::implied_directory) {
    refuse(entry.name, "it is a hardlink to the directory " + target);
  }
  return known->second;
}

void LayerNames::check_links() const {
  std::unordered_set<std::string_view> sound;  // links known to end at a file, so that long chains are walked once
  std::vector<std::string_view> walk;
  for (const auto& [link, first_target] : unresolved_) {
    walk.assign(1, link);
    for (const std::string* target = &first_target; !sound.contains(*target); target = &unresolved_.at(*target)) {
      const auto known = kinds_.find(*target);
      if (known == kinds_.end()) refuse(link, "it is a hardlink to " + *target + ", which is not in this layer");
      if (known->second == Kind::file) break;
      if (known->second != Kind::unresolved_link) refuse(link, "it is a hardlink to the directory " + *target);
      if (walk.size() > unresolved_.size()) refuse(link, "it is a hardlink that leads in a circle");
      walk.push_back(*target);
    }
    sound.insert(walk.begin(), walk.end());
  }
}

}  // namespace accel::formats
