/// Writes the entries of an eStargz or S-dialect layer, in the order they are given, as units and TOC records.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "accel/base/bytes.hpp"
#include "accel/formats/format.hpp"
#include "accel/formats/toc_assembler.hpp"
#include "accel/formats/unit_encoder_pool.hpp"
#include "accel/formats/unit_pipeline.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/tar/entry.hpp"

namespace accel::formats::estargz {

/// The time a TOC gives for a header's: rounded to the nearest second; nothing for the first second of the epoch.
/// Spec: estargz.md 5.2, `modtime`.
std::optional<tar::Time> toc_modtime(const tar::Time& time) noexcept;

/// The rules: a unit begins at each chunk of content; what follows a file's last chunk (padding, headers) stays in its
/// unit, but a run of such bytes is cut at a header once it is kMaxRunBytes long, so that a layer of empty files makes
/// no endless unit. With Options::frame_level a unit also ends at every SharedFrames::kFrameBytes of a file, and after
/// content of kMinFrameBytes; the table of zstdchunked.md 2.1 describes one frame per chunk, which is what upstream
/// writes and not what readers need (2.4). Spec: estargz.md sections 1, 3, 5.
class LayerWriter {
 public:
  struct Options {
    std::uint64_t chunk_size = 0;
    std::size_t min_chunk_size = 0;
    bool hash_stream = true;          ///< compute the digest of the uncompressed stream
    std::size_t toc_front_bytes = 0;  ///< free bytes in front of Written::toc
    /// Other writers get the same calls in turn and share digests; only with hash_stream. Null: none do.
    std::shared_ptr<SharedDigests> digests = nullptr;
    /// Units are zstd frames of this level, cut so that others can share them.
    std::optional<int> frame_level = std::nullopt;
    /// Only with frame_level; null: there is nobody to share with.
    std::shared_ptr<SharedFrames> frames = nullptr;
  };
  struct Written {
    std::uint64_t blob_bytes = 0;    ///< of all units
    std::uint64_t stream_bytes = 0;  ///< of the uncompressed stream
    Buffer toc;                      ///< front bytes and TOC JSON
  };
  static constexpr std::size_t kMaxRunBytes = 128U << 10U;

  LayerWriter(const Options& options, std::shared_ptr<UnitEncoderPool> encoders, io::ByteSink& sink,
              const EncodeContext& context);

  /// Begins an entry; `header` are the blocks to write for it. Its names must be UTF-8 and unique.
  void entry(const tar::Entry& entry, ByteView header);
  /// The next piece of its content; entry.size bytes in all.
  void payload(ByteView bytes);
  /// Any other bytes: padding, what follows the last entry.
  void raw(ByteView bytes);
  /// A whole landmark: header, content, padding.
  void landmark(std::string_view name);

  /// Returns when all units are in the sink. The stream's hasher may then be given what follows.
  Written finish();
  /// Has seen the stream once `finish` returned; only with Options::hash_stream.
  [[nodiscard]] hash::Hasher& stream_hasher() noexcept { return stream_; }

 private:
  void begin_chunk();
  void end_chunk();
  [[nodiscard]] std::uint64_t frame_end() const noexcept;
  void end_frame();
  void write(ByteView bytes);
  void hash_file(ByteView bytes);
  hash::Digest finish_file();
  void write_run(ByteView bytes);

  const Options options_;
  hash::Hasher stream_;
  std::uint64_t stream_bytes_ = 0;
  // Names last written for an id: a TOC repeats a name only when it changes.
  std::unordered_map<std::uint64_t, std::string> user_names_, group_names_;
  // The file whose content is coming in.
  jtoc::Entry entry_;
  std::uint64_t file_begin_ = 0;  // in the stream
  std::uint64_t size_ = 0;
  std::uint64_t position_ = 0;
  std::uint64_t chunk_left_ = 0;
  std::uint64_t frame_begin_ = 0;    // in the file; only with Options::frame_level
  std::uint64_t header_offset_ = 0;  // tar::Entry::header_offset
  bool force_unit_ = false;
  hash::Hasher file_;          // used only when the file has several chunks
  std::size_t run_bytes_ = 0;  // since the last chunk or cut
  TocAssembler toc_;
  UnitPipeline pipeline_;  // last: its writer thread uses toc_
};

}  // namespace accel::formats::estargz
