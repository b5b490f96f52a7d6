#include "accel/formats/estargz/plan.hpp"

#include <map>
#include <string_view>
#include <unordered_map>

#include "accel/base/error.hpp"
#include "accel/tar/path.hpp"

namespace accel::formats::estargz {

namespace {

using Kind = StagedEntry::Kind;
using LastByPath = std::unordered_map<std::string_view, std::size_t>;

constexpr std::size_t kNone = SIZE_MAX;

[[noreturn]] void refuse(const StagedEntry& link, const std::string& problem) {
  throw FormatError("it is a hardlink " + problem, FormatError::Where{{}, tar::shown_name(link.path), {}},
                    "rebuild the image without this entry");
}

/// For each entry the one that has its content: itself, or what a hardlink named when the layer was made.
class LinkResolver {
 public:
  explicit LinkResolver(const std::vector<StagedEntry>& entries) : entries_(entries), target_(entries.size(), kNone) {
    LastByPath latest;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].kind == Kind::hardlink) {
        const auto before = latest.find(entries[i].link_target);
        if (before != latest.end()) target_[i] = before->second;
      }
      latest[entries[i].path] = i;
    }
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].kind != Kind::hardlink || target_[i] != kNone) continue;
      const auto after = latest.find(entries[i].link_target);
      if (after == latest.end()) refuse(entries[i], "to " + entries[i].link_target + ", which is not in this layer");
      target_[i] = after->second;
    }
  }

  /// The file at the end of the chain that begins at `entry`. Chains are walked once.
  std::size_t file_of(std::size_t entry) {
    std::vector<std::size_t> walk;
    std::size_t at = entry;
    while (entries_[at].kind == Kind::hardlink) {
      if (walk.size() > entries_.size()) refuse(entries_[entry], "that leads in a circle");
      walk.push_back(at);
      at = target_[at];
    }
    if (!walk.empty() && entries_[at].kind == Kind::directory) {
      refuse(entries_[entry], "to the directory " + entries_[at].path);
    }
    for (const std::size_t link : walk) target_[link] = at;
    return at;
  }

 private:
  const std::vector<StagedEntry>& entries_;
  std::vector<std::size_t> target_;
};

class Planner {
 public:
  Planner(const std::vector<StagedEntry>& entries, Plan& plan)
      : entries_(entries),
        plan_(plan),
        items_(entries.size()),
        leader_(entries.size(), kNone),
        placed_(entries.size(), false) {
    for (std::size_t i = 0; i < entries.size(); ++i) kept_[entries[i].path] = i;
    resolve_links();
  }

  void place_prioritized(const std::string& name) {
    const std::string path = tar::clean_path(name);
    if (!is_there(path)) {
      plan_.missing.push_back(name);
      return;
    }
    place_first(path);
  }

  void place_others() {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (!is_kept(i) || placed_[i]) continue;
      if (leader_[i] != kNone && !placed_[leader_[i]]) {
        waiting_.emplace(leader_[i], i);
        continue;
      }
      place(i, plan_.others);
      const auto [begin, end] = waiting_.equal_range(i);
      for (auto link = begin; link != end; ++link) place(link->second, plan_.others);
    }
  }

 private:
  [[nodiscard]] bool is_kept(std::size_t entry) const { return kept_.at(entries_[entry].path) == entry; }

  void resolve_links() {
    LinkResolver resolver(entries_);
    std::unordered_map<std::size_t, std::size_t> heir;  // dropped file → the link that takes its place
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      items_[i].entry = i;
      if (!is_kept(i) || entries_[i].kind != Kind::hardlink) continue;
      const std::size_t file = resolver.file_of(i);
      std::size_t leader = file;
      if (!is_kept(file)) {
        const auto [known, first] = heir.emplace(file, i);
        if (first) {
          items_[i] = {file, entries_[i].path, std::nullopt};
          continue;
        }
        leader = known->second;
      }
      leader_[i] = leader;
      if (entries_[i].link_target != entries_[leader].path) items_[i].link_name = entries_[leader].path;
    }
  }

  /// True when the path and all its parents (the root excepted) have entries.
  [[nodiscard]] bool is_there(std::string_view path) const {
    if (!kept_.contains(path)) return false;
    for (std::string_view parent = tar::parent_path(path); !parent.empty(); parent = tar::parent_path(parent)) {
      if (!kept_.contains(parent)) return false;
    }
    return true;
  }

  /// Parents first, then a hardlink's target, then the path itself.
  void place_first(std::string_view path) {
    const auto found = kept_.find(path);
    if (found != kept_.end() && placed_[found->second]) return;
    if (!path.empty()) place_first(tar::parent_path(path));
    if (found == kept_.end()) return;
    const std::size_t entry = found->second;
    if (leader_[entry] != kNone) place_first(entries_[leader_[entry]].path);
    place(entry, plan_.prioritized);
  }

  void place(std::size_t entry, std::vector<PlanItem>& list) {
    if (placed_[entry]) return;
    placed_[entry] = true;
    list.push_back(std::move(items_[entry]));
  }

  const std::vector<StagedEntry>& entries_;
  Plan& plan_;
  LastByPath kept_;                  // the entry that is left of each path
  std::vector<PlanItem> items_;      // by entry
  std::vector<std::size_t> leader_;  // of a link: the entry it points to in the result
  std::vector<bool> placed_;
  std::multimap<std::size_t, std::size_t> waiting_;  // leader → links that came before it, in order
};

}  // namespace

Plan make_plan(const std::vector<StagedEntry>& entries, const std::vector<std::string>& prioritized_files) {
  Plan plan;
  Planner planner(entries, plan);
  for (const std::string& name : prioritized_files) planner.place_prioritized(name);
  planner.place_others();
  return plan;
}

}  // namespace accel::formats::estargz
