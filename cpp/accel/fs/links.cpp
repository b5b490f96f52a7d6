/// Hardlinks of a layer: to files of this layer before or after them, and of the layers below.
#include <string>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/fs/detail/tree_impl.hpp"
#include "accel/tar/path.hpp"

namespace accel::fs {

using detail::Item;
using detail::PendingLink;
using tar::EntryType;

namespace {

[[noreturn]] void refuse(std::string_view path, std::string_view target, std::string_view problem) {
  throw FormatError("hardlink to " + tar::shown_name(target) + ", " + std::string(problem),
                    {.digest = {}, .path = tar::shown_name(path), .offset = {}},
                    "rebuild the layer without this hardlink");
}

}  // namespace

void Tree::Impl::add_hardlink(const std::string& path, const tar::Entry& entry) {
  std::string target = tar::safe_path(entry.link_name);
  if (target == path) refuse(entry.name, target, "that is to itself");
  const Item* const item = find(std::string_view(target));
  const bool is_file = item != nullptr && item->node->type != EntryType::directory;
  const bool of_this_layer = is_file && item->node_layer == layer && item->node->type != EntryType::hardlink;
  if (of_this_layer) {
    put(path, item->node, entry);
    return;
  }
  auto placeholder = std::make_shared<Node>();
  placeholder->type = EntryType::hardlink;
  PendingLink link{.path = path, .target = std::move(target), .placeholder = placeholder, .lower = {}};
  if (is_file && item->node_layer != layer) link.lower = item->node;
  put(path, std::move(placeholder), entry);
  pending.push_back(std::move(link));
}

void Tree::Impl::resolve_links() {
  LinkIndex index;
  for (std::size_t i = 0; i < pending.size(); ++i) index.emplace(pending[i].placeholder.get(), i);
  for (std::size_t i = 0; i < pending.size(); ++i) resolve_link(i, index);
  pending.clear();
}

/// Follows a chain of links to its file, without recursion: a hostile layer may link each name to the next.
void Tree::Impl::resolve_link(std::size_t first, const LinkIndex& index) {
  std::vector<std::size_t> chain;
  std::shared_ptr<const Node> file;
  for (std::size_t at = first; !file;) {
    PendingLink& link = pending[at];
    if (link.visiting) refuse(link.path, link.target, "which leads back to it in a circle");
    const Item* const own = find(std::string_view(link.path));
    if (at == first && (own == nullptr || own->node != link.placeholder)) return;  // replaced by a later entry
    link.visiting = true;
    chain.push_back(at);
    const Item* const item = find(std::string_view(link.target));
    const bool is_directory = item != nullptr && item->node->type == EntryType::directory;
    const std::shared_ptr<const Node> node = item == nullptr || is_directory ? link.lower : item->node;
    if (!node && is_directory) refuse(link.path, link.target, "which is a directory");
    if (!node) refuse(link.path, link.target, "which is neither in this layer nor in one below");
    if (node->type == EntryType::hardlink) {
      at = index.at(node.get());
    } else {
      file = node;
    }
  }
  for (const std::size_t at : chain) {
    pending[at].visiting = false;
    find(std::string_view(pending[at].path))->node = file;
  }
}

}  // namespace accel::fs
