/// The chunk information (CI) of a reference layer, in pieces until all is known. Spec: nydus-blob.md 8.1, 11.4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/codec/codec.hpp"
#include "accel/formats/nydus/blob_writer.hpp"
#include "accel/formats/nydus/spill_buffer.hpp"
#include "accel/formats/nydus/zran.hpp"

namespace accel::formats::nydus {

/// Keeps the dictionaries of slices, 32 KiB for each 512 KiB of the layer, which stand at the end of the CI. Compressed
/// fast one by one as they come, to about half.
class DictionaryStore {
 public:
  explicit DictionaryStore(std::string temp_dir);

  void add(ByteView dictionary);
  /// Bytes of all together.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// Writes all of them, in order.
  void write_to(io::ByteSink& sink);

 private:
  struct Piece {
    std::uint32_t size, stored_size;
  };
  std::unique_ptr<codec::UnitEncoder> encoder_;
  SpillBuffer stored_;
  std::vector<Piece> pieces_;
  std::uint64_t size_ = 0;
  Buffer scratch_;
};

/// Compresses the whole CI in one piece, as a stream.
PackedCi pack_ci(ByteView chunk_infos, const std::vector<ZranContext>& contexts, DictionaryStore& dictionaries,
                 const std::string& temp_dir);

}  // namespace accel::formats::nydus
