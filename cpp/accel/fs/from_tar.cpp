#include "accel/fs/from_tar.hpp"

#include "accel/hash/hasher.hpp"
#include "accel/tar/reader.hpp"

namespace accel::fs {

void add_layer(Tree& tree, io::ByteStream& tar, const CancelToken& cancel) {
  tar::Reader reader(tar);
  hash::Hasher hasher;
  tree.begin_layer();
  while (const tar::Entry* const entry = reader.next()) {
    cancel.check();
    hash::Digest content;
    if (entry->type == tar::EntryType::regular) {
      for (ByteView piece = reader.payload(); !piece.empty(); piece = reader.payload()) {
        cancel.check();
        hasher.update(piece);
      }
      content = hasher.finish();
    }
    tree.add(*entry, content);
  }
  tree.end_layer();
  while (!reader.trailing().empty()) cancel.check();
}

}  // namespace accel::fs
