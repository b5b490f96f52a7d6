#include "accel/formats/estargz/layer_writer.hpp"

#include <algorithm>
#include <utility>

#include "accel/formats/estargz/layout.hpp"
#include "accel/formats/jtoc/timestamp.hpp"
#include "accel/tar/block.hpp"
#include "accel/tar/path.hpp"
#include "accel/tar/writer.hpp"

namespace accel::formats::estargz {

namespace {

/// `name` when it has to be written for `id`, else "".
std::string name_to_write(std::unordered_map<std::uint64_t, std::string>& written, std::uint64_t id,
                          const std::string& name) {
  if (name.empty() || !tar::is_utf8(name)) return {};
  std::string& last = written[id];
  if (last == name) return {};
  last = name;
  return name;
}

}  // namespace

std::optional<tar::Time> toc_modtime(const tar::Time& time) noexcept {
  if (time.seconds == 0) return std::nullopt;
  return jtoc::round_to_seconds(time);
}

LayerWriter::LayerWriter(const Options& options, std::shared_ptr<UnitEncoderPool> encoders, io::ByteSink& sink,
                         const EncodeContext& context)
    : options_(options),
      toc_(TocStyle::stargz, options.toc_front_bytes),
      pipeline_(std::move(encoders), sink, context, {options.min_chunk_size, options.digests, options.frames},
                [this](Batch& batch, std::uint64_t offset) { toc_.add(batch, offset); }) {
  if (options_.digests) options_.digests->join();
  if (options_.frames) options_.frames->join(*options_.frame_level);
}

void LayerWriter::entry(const tar::Entry& entry, ByteView header) {
  write_run(header);
  jtoc::Entry record = jtoc::from_header(entry);
  record.modtime = toc_modtime(entry.mtime);
  record.user_name = name_to_write(user_names_, entry.uid, entry.user_name);
  record.group_name = name_to_write(group_names_, entry.gid, entry.group_name);
  if (entry.type != tar::EntryType::character && entry.type != tar::EntryType::block) {
    record.device_major = 0;
    record.device_minor = 0;
  }
  if (entry.type != tar::EntryType::regular) {
    pipeline_.add_record({std::move(record), TocRecord::kNoChunk, true, {}});
    return;
  }
  record.size = entry.size;
  if (entry.size == 0) {
    record.digest = hash::sha256({});
    pipeline_.add_record({std::move(record), TocRecord::kNoChunk, true, {}});
    return;
  }
  entry_ = std::move(record);
  file_begin_ = stream_bytes_;
  size_ = entry.size;
  position_ = 0;
  chunk_left_ = 0;
  frame_begin_ = 0;
  header_offset_ = entry.header_offset;
}

void LayerWriter::payload(ByteView bytes) {
  const bool several = size_ > options_.chunk_size;
  while (!bytes.empty()) {
    if (chunk_left_ == 0) begin_chunk();
    const std::uint64_t left = std::min(chunk_left_, frame_end() - position_);
    const ByteView piece = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), left)));
    bytes = bytes.subspan(piece.size());
    write(piece);
    if (several) hash_file(piece);
    position_ += piece.size();
    chunk_left_ -= piece.size();
    if (chunk_left_ == 0) end_chunk();
    if (chunk_left_ == 0 || position_ == frame_end()) end_frame();
  }
}

std::uint64_t LayerWriter::frame_end() const noexcept {
  if (!options_.frame_level) return size_;
  return frame_begin_ - frame_begin_ % SharedFrames::kFrameBytes + SharedFrames::kFrameBytes;
}

/// Content that is worth it becomes a frame of its own, whether or not somebody shares it now: bytes must not depend on
/// what else is made of the layer.
void LayerWriter::end_frame() {
  if (!options_.frame_level) return;
  const FrameKey key{header_offset_, frame_begin_, position_ - frame_begin_, *options_.frame_level};
  frame_begin_ = position_;
  if (key.size >= SharedFrames::kMinFrameBytes) {
    if (options_.frames && options_.frames->has_several(key.level)) pipeline_.share_unit(key);
    pipeline_.cut();
  } else if (chunk_left_ > 0) {
    pipeline_.cut();
  }
}

void LayerWriter::begin_chunk() {
  chunk_left_ = std::min(options_.chunk_size, size_ - position_);
  pipeline_.begin_unit(static_cast<std::size_t>(chunk_left_), force_unit_);
  pipeline_.begin_chunk(stream_bytes_);
}

void LayerWriter::end_chunk() {
  TocRecord record;
  record.chunk = pipeline_.end_chunk(true);
  record.last = position_ == size_;
  const std::uint64_t size = record.last ? (size_ - 1) % options_.chunk_size + 1 : options_.chunk_size;
  const std::uint64_t begin = position_ - size;
  if (begin == 0) {
    record.entry = entry_;
  } else {
    record.entry.name = entry_.name;
    record.entry.kind = jtoc::EntryKind::chunk;
    record.entry.chunk_offset = begin;
    if (record.last) record.file_digest = finish_file();
  }
  // Readers take 0 as "to the end of the file".
  if (size == options_.chunk_size) record.entry.chunk_size = size;
  pipeline_.add_record(std::move(record));
  run_bytes_ = 0;
}

void LayerWriter::write(ByteView bytes) {
  pipeline_.append(bytes);
  if (options_.digests) {
    options_.digests->stream(stream_bytes_, bytes);
  } else if (options_.hash_stream) {
    stream_.update(bytes);
  }
  stream_bytes_ += bytes.size();
}

void LayerWriter::hash_file(ByteView bytes) {
  if (options_.digests) {
    options_.digests->file(file_begin_, position_, bytes);
  } else {
    file_.update(bytes);
  }
}

hash::Digest LayerWriter::finish_file() {
  return options_.digests ? options_.digests->file_digest(file_begin_) : file_.finish();
}

void LayerWriter::write_run(ByteView bytes) {
  if (run_bytes_ >= kMaxRunBytes) {
    pipeline_.begin_unit(bytes.size());
    run_bytes_ = 0;
  }
  write(bytes);
  run_bytes_ += bytes.size();
}

void LayerWriter::raw(ByteView bytes) {
  while (!bytes.empty()) {
    const ByteView piece = bytes.first(std::min(bytes.size(), kMaxRunBytes));
    bytes = bytes.subspan(piece.size());
    write_run(piece);
  }
}

void LayerWriter::landmark(std::string_view name) {
  const tar::Entry mark = landmark_entry(name);
  Buffer header;
  tar::write_header(mark, header);
  entry(mark, header.view());
  force_unit_ = true;
  payload({&jtoc::kLandmarkContent, 1});
  force_unit_ = false;
  const Bytes padding(tar::padding_size(1));
  raw(padding);
}

LayerWriter::Written LayerWriter::finish() {
  Written written;
  written.blob_bytes = pipeline_.finish();
  written.stream_bytes = stream_bytes_;
  written.toc = toc_.finish();
  if (options_.digests) stream_ = options_.digests->stream_after(stream_bytes_);
  return written;
}

}  // namespace accel::formats::estargz
