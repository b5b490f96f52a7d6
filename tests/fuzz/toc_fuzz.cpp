// TOC JSON: whatever the parser takes, the writer must give back; whatever the checker passes must be safe to use.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "accel/base/error.hpp"
#include "accel/formats/jtoc/check.hpp"
#include "accel/formats/jtoc/parser.hpp"
#include "accel/formats/jtoc/timestamp.hpp"
#include "accel/formats/jtoc/writer.hpp"
#include "accel/io/memory.hpp"
#include "accel/tar/path.hpp"

namespace {

using namespace accel;
using namespace accel::formats;

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_writable(const jtoc::Entry& entry) {
  for (const auto& time : {entry.modtime, entry.accesstime, entry.changetime}) {
    if (time && !jtoc::is_representable(*time)) return false;  // a zone offset can lead out of the years 1 to 9999
  }
  return true;
}

void check_writer(const jtoc::Toc& toc) {
  if (!std::all_of(toc.entries.begin(), toc.entries.end(), is_writable)) return;
  jtoc::TocWriter writer;
  for (const jtoc::Entry& entry : toc.entries) writer.add(entry);
  const Buffer json = writer.finish(toc.tar_split_digest);
  io::MemoryStream stream(json.view());
  const jtoc::ParsedToc again = jtoc::parse_toc(stream);
  require(again.ends_with_brace && again.bytes == json.size());
  require(again.toc.entries == toc.entries && again.toc.tar_split_digest == toc.tar_split_digest);
}

void use_checked(const jtoc::Toc& toc, const jtoc::CheckRules& rules) {
  const std::vector<std::uint64_t> offsets = jtoc::unit_offsets(toc);
  require(offsets.front() == 0 && std::is_sorted(offsets.begin(), offsets.end()));
  require(std::adjacent_find(offsets.begin(), offsets.end()) == offsets.end());
  const jtoc::NameMap names = jtoc::map_names(toc);
  for (std::size_t i = 0; i < toc.entries.size(); ++i) {
    if (toc.entries[i].kind == jtoc::EntryKind::chunk) continue;
    std::uint64_t size = 0;
    for (const jtoc::Chunk& chunk : jtoc::chunks_of(toc, i)) {
      require(chunk.file_offset == size && chunk.size > 0 && chunk.offset < rules.data_end);
      require(std::binary_search(offsets.begin(), offsets.end(), chunk.offset));
      size += chunk.size;
    }
    const bool regular = toc.entries[i].kind == jtoc::EntryKind::regular;
    require(size == (regular ? toc.entries[i].size : 0));
    const std::size_t file = jtoc::find_file(toc, names, tar::clean_path(toc.entries[i].name));
    require(file < toc.entries.size() && toc.entries[file].kind != jtoc::EntryKind::hardlink);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  io::MemoryStream stream(ByteView(reinterpret_cast<const std::byte*>(data), size));
  jtoc::Toc toc;
  try {
    toc = jtoc::parse_toc(stream, {1U << 20U, 10'000}).toc;
  } catch (const FormatError&) {
    return 0;
  }
  check_writer(toc);
  for (const jtoc::CheckRules& rules :
       {jtoc::CheckRules{1U << 20U, true, true}, jtoc::CheckRules{1U << 20U, false, false}}) {
    try {
      jtoc::check_toc(toc, rules);
    } catch (const FormatError&) {
      continue;
    }
    use_checked(toc, rules);
  }
  return 0;
}
