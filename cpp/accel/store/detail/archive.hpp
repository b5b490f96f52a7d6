/// A tar file as a set of named ranges.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accel/io/source.hpp"

namespace accel::store::detail {

/// The regular files of an archive (plain, gzip or zstd), found by one pass over its headers. Immutable, thread-safe.
///
/// Names are cleaned paths. Symbolic and hard links are followed inside the archive only: nothing outside is touched.
/// When a name occurs twice the later one counts, as for tar.
class Archive {
 public:
  /// A compressed archive is unpacked to a nameless file in the system's directory for temporary files.
  /// Throws StoreError, FormatError.
  explicit Archive(const std::string& file);

  /// The content of the file at `path`; null when there is no such file.
  [[nodiscard]] std::shared_ptr<io::ByteSource> find(std::string_view path) const;
  /// Like find, as text of at most oci::kMaxManifestBytes; FormatError when it is longer or absent.
  [[nodiscard]] std::string read_text(std::string_view path) const;
  /// The cleaned paths of all files and links, sorted.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  struct Member {
    std::uint64_t offset = 0, size = 0;
    std::optional<std::string> target;  ///< of a link; the rest is unset then
  };
  void index();

  const std::string file_;
  std::shared_ptr<io::ByteSource> bytes_;
  std::map<std::string, Member, std::less<>> members_;
};

}  // namespace accel::store::detail
