#include "accel/fs/overlay.hpp"

#include "accel/tar/path.hpp"

namespace accel::fs {

namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kReserved = ".wh..wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";

}  // namespace

Whiteout whiteout_of(std::string_view path) noexcept {
  using Kind = Whiteout::Kind;
  if (path.find(kWhiteout) == std::string_view::npos) return {};
  Whiteout whiteout{.kind = Kind::none, .directory = tar::parent_path(path), .target = {}};
  for (std::string_view parents = whiteout.directory; !parents.empty(); parents = tar::parent_path(parents)) {
    const std::string_view name = tar::base_name(parents);
    if (name.starts_with(kReserved)) return {.kind = Kind::reserved, .directory = {}, .target = {}};
    if (name.starts_with(kWhiteout)) whiteout.kind = Kind::malformed;
  }
  const std::string_view name = tar::base_name(path);
  if (whiteout.kind == Kind::malformed || !name.starts_with(kWhiteout)) return whiteout;
  if (name.starts_with(kReserved)) {
    whiteout.kind = name == kOpaque ? Kind::opaque : Kind::reserved;
    return whiteout;
  }
  whiteout.target = name.substr(kWhiteout.size());
  const bool names_nothing = whiteout.target.empty() || whiteout.target == "." || whiteout.target == "..";
  whiteout.kind = names_nothing ? Kind::malformed : Kind::file;
  return whiteout;
}

}  // namespace accel::fs
