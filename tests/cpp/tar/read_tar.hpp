/// Reads a whole tar stream for tests of the reader.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "accel/tar/reader.hpp"
#include "support/chunked_stream.hpp"
#include "support/tar_builder.hpp"

namespace accel::testing {

struct ReadMember {
  tar::Entry entry;
  std::string header, content, padding;
};

struct ReadTar {
  std::vector<ReadMember> members;
  std::string trailing;
  std::uint64_t offset = 0;  ///< of the reader at the end

  /// Every byte the reader has shown, in order.
  [[nodiscard]] std::string all_bytes() const {
    std::string bytes;
    for (const ReadMember& member : members) bytes += member.header + member.content + member.padding;
    return bytes + trailing;
  }
};

/// Reads `text` to its end, `max_read` bytes a read and `max_piece` bytes of payload at a time.
inline ReadTar read_tar(std::string text, std::size_t max_read = SIZE_MAX, std::size_t max_piece = SIZE_MAX,
                        const tar::ReaderOptions& options = {}) {
  ChunkedStream stream(std::move(text), max_read);
  tar::Reader reader(stream, options);
  ReadTar result;
  while (const tar::Entry* entry = reader.next()) {
    ReadMember member{*entry, to_string(reader.raw_header()), {}, {}};
    for (ByteView piece = reader.payload(max_piece); !piece.empty(); piece = reader.payload(max_piece)) {
      member.content += as_text(piece);
    }
    member.padding = to_string(reader.padding());
    result.members.push_back(std::move(member));
  }
  for (ByteView piece = reader.trailing(); !piece.empty(); piece = reader.trailing()) result.trailing += as_text(piece);
  result.offset = reader.offset();
  return result;
}

inline ReadTar read_tar(const TarBuilder& builder) { return read_tar(builder.text()); }

/// The only entry of a stream.
inline tar::Entry read_entry(const TarBuilder& builder) { return read_tar(builder).members.at(0).entry; }

}  // namespace accel::testing
