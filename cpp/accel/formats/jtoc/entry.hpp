/// The TOC of eStargz and zstd:chunked as values. Spec: estargz.md section 5, zstdchunked.md sections 2.3, 3.5, 9.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "accel/hash/digest.hpp"
#include "accel/tar/entry.hpp"

namespace accel::formats::jtoc {

/// Names of the files that eStargz adds to a layer, all in its root. Never content of an image.
inline constexpr std::string_view kTocName = "stargz.index.json";
inline constexpr std::string_view kNoPrefetchLandmark = ".no.prefetch.landmark";
inline constexpr std::string_view kPrefetchLandmark = ".prefetch.landmark";
/// The one byte a landmark holds.
inline constexpr std::byte kLandmarkContent{0x0f};

/// True for the clean path (tar::clean_path) of a landmark.
bool is_landmark(std::string_view clean_path) noexcept;
/// True for the clean path of any file a format adds by design.
bool is_added_by_format(std::string_view clean_path) noexcept;

inline constexpr std::uint64_t kTocVersion = 1;

/// The member `type`. `chunk` is a further piece of the regular file before it.
enum class EntryKind : std::uint8_t { directory, regular, symlink, hardlink, character, block, fifo, chunk };

/// "dir", "reg", "symlink", "hardlink", "char", "block", "fifo", "chunk".
std::string_view to_string(EntryKind kind) noexcept;
std::optional<EntryKind> parse_kind(std::string_view text) noexcept;
EntryKind kind_of(tar::EntryType type) noexcept;
/// Not for `chunk`.
tar::EntryType tar_type_of(EntryKind kind) noexcept;

/// One element of `entries`. A member that is zero, empty or not set is absent from the JSON.
struct Entry {
  std::string name;  ///< verbatim as in the tar header
  EntryKind kind = EntryKind::regular;
  bool zeros = false;      ///< chunkType "zeros": a hole
  std::uint32_t mode = 0;  ///< raw tar mode field
  std::uint64_t size = 0;
  std::optional<tar::Time> modtime, accesstime, changetime;
  std::string link_name;
  std::uint64_t uid = 0, gid = 0;
  std::string user_name, group_name;
  std::uint64_t offset = 0;        ///< of the member or frame that holds the (first) chunk, in the blob
  std::uint64_t end_offset = 0;    ///< C dialect: of the byte after the file's last payload frame
  std::uint64_t inner_offset = 0;  ///< of the chunk in the decompressed member
  std::uint32_t device_major = 0, device_minor = 0;
  std::vector<std::pair<std::string, std::string>> xattrs;  ///< name → raw value, sorted by name
  hash::Digest digest;                                      ///< of the whole file
  std::uint64_t chunk_offset = 0;                           ///< of the chunk in the file
  std::uint64_t chunk_size = 0;                             ///< 0: to the end of the file
  hash::Digest chunk_digest;
  friend bool operator==(const Entry&, const Entry&) = default;
};

struct Toc {
  std::uint64_t version = kTocVersion;
  std::vector<Entry> entries;     ///< in blob order
  hash::Digest tar_split_digest;  ///< C dialect: of the compressed tar-split data
  friend bool operator==(const Toc&, const Toc&) = default;
};

/// What a tar header says, as every dialect writes it: all members but times, sizes, names of users, offsets and
/// digests. xattrs included.
Entry from_header(const tar::Entry& header);

/// The header a TOC entry describes. Not for chunks.
tar::Entry to_header(const Entry& entry);

}  // namespace accel::formats::jtoc
