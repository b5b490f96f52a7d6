#include "accel/formats/zstdchunked/containers_encoder.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/layer_names.hpp"
#include "accel/formats/zstdchunked/content_writer.hpp"
#include "accel/formats/zstdchunked/tar_split.hpp"
#include "accel/formats/zstdchunked/toc_frame.hpp"
#include "accel/tar/block.hpp"
#include "accel/tar/header.hpp"
#include "accel/tar/path.hpp"
#include "accel/tar/writer.hpp"

namespace accel::formats::zstdchunked {

namespace {

/// Longer runs of headers and padding are cut into frames of this size.
constexpr std::size_t kMaxRun = 128U << 10U;
/// containers/storage takes no larger TOC or tar-split (zstdchunked.md 4).
constexpr std::uint64_t kMaxMetadata = 150U << 20U;

/// Why containers/storage could not check the entry's header against the TOC, "" when it can. Spec: 3.7.
std::string partial_pull_obstacle(const tar::Entry& entry, ByteView header) {
  if (has_global_header(header)) return "the layer has a global PAX header";
  const std::string obstacle = toc_obstacle(entry);
  if (!obstacle.empty()) return tar::shown_name(entry.name) + ": " + obstacle;
  if (entry.header_size != entry.size) return tar::shown_name(entry.name) + " is no file but its header states a size";
  const bool is_link = entry.type == tar::EntryType::symlink || entry.type == tar::EntryType::hardlink;
  const tar::Block block = header.last<tar::kBlockSize>();
  if (!is_link && !tar::text_field(block, tar::field::kLinkName).empty()) {
    return tar::shown_name(entry.name) + " is no link but its header names a target";
  }
  // Go reads these attributes from no record but SCHILY.xattr.
  if (!entry.xattrs.empty() && as_text(header).find("LIBARCHIVE.xattr.") != std::string_view::npos) {
    return tar::shown_name(entry.name) + " has extended attributes in records of libarchive";
  }
  return {};
}

std::optional<tar::Time> toc_time(const std::optional<tar::Time>& time, TocStyle style) {
  if (style == TocStyle::joint && time == tar::Time{}) return std::nullopt;
  return time;
}

constexpr std::array<std::byte, tar::kBlockSize> kZeros{};

bool all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

class ContainersEncoder final : public LayerEncoder {
 public:
  ContainersEncoder(const Options& options, std::shared_ptr<UnitEncoderPool> encoders, std::string media_type,
                    io::ByteSink& sink, const EncodeContext& context)
      : options_(options),
        style_(options.dialect == Dialect::joint ? TocStyle::joint : TocStyle::containers),
        encoders_(encoders),
        media_type_(std::move(media_type)),
        sink_(sink),
        note_(context.note),
        rewriting_(context.staged),
        tar_split_(encoders),
        toc_(style_, 0),
        pipeline_(encoders, sink, context, {}, [this](Batch& batch, std::uint64_t offset) { toc_.add(batch, offset); }),
        content_(pipeline_, style_) {}

  void entry(const tar::Entry& entry, ByteView raw_header) override {
    check_names(entry);
    if (entry.sparse && !rewriting_) {
      throw RestartStaged("a sparse file has to be expanded: " + tar::shown_name(entry.name));
    }
    rewritten_ = entry.sparse || (rewriting_ && has_global_header(raw_header));
    if (!rewritten_) {
      begin_entry(entry, raw_header);
      return;
    }
    tar::Entry expanded = entry;
    expanded.header_size = entry.size;
    expanded.sparse = false;
    Buffer header;
    tar::write_header(expanded, header);
    begin_entry(expanded, header.view());
  }

  void payload(ByteView bytes) override {
    if (rewriting_) stream_.update(bytes);
    stream_bytes_ += bytes.size();
    content_.write(bytes);
    after_content_ = true;
  }

  void padding(ByteView bytes) override {
    if (rewritten_) bytes = ByteView(kZeros).first(tar::padding_size(size_));  // an expanded file has its own
    if (is_chunked()) tar_split_.file(name_, size_, content_.crc());
    if (bytes.size() != tar::padding_size(size_)) give_up("the stream ends inside the padding of a file");
    if (is_chunked()) tar_split_.padding(bytes);
    write_run(bytes);
  }

  void trailing(ByteView bytes) override {
    trailing_bytes_ += bytes.size();
    if (is_chunked() && !all_zero(bytes)) give_up("bytes that are not zero follow the end of the archive");
    if (is_chunked()) tar_split_.trailing(bytes);
    for (; !bytes.empty(); bytes = bytes.subspan(std::min(bytes.size(), kMaxRun))) {
      write_run(bytes.first(std::min(bytes.size(), kMaxRun)));
    }
  }

  LayerResult finish() override {
    if (names_matter_) names_.check_links();
    if (trailing_bytes_ % tar::kBlockSize != 0) give_up("the stream does not end with a whole block");
    std::uint64_t data_bytes = pipeline_.finish();
    // Clients know a zstd blob by the frame it begins with.
    if (data_bytes == 0) data_bytes = write_empty_frame();
    LayerResult result;
    result.media_type = media_type_;
    result.uncompressed_size = stream_bytes_;
    // A reader refuses a layer that seems to be of both kinds; without chunks neither may be left (8.2).
    result.drop_annotations = {"io.github.containers.zstd-chunked.*", "io.containers.zstd-chunked.*",
                               std::string(estargz::kTocDigestAnnotation),
                               std::string(estargz::kUncompressedSizeAnnotation)};
    if (rewriting_) result.diff_id = stream_.finish();
    if (is_chunked()) write_metadata(data_bytes, result);
    if (!is_chunked()) note_("the layer becomes an ordinary zstd layer without chunks, because " + obstacle_);
    return result;
  }

 private:
  [[nodiscard]] bool is_chunked() const noexcept { return obstacle_.empty(); }

  /// From here on the layer is an ordinary zstd stream; the frames written so far are one as well.
  void give_up(const std::string& why) {
    if (!is_chunked()) return;
    obstacle_ = why;
    toc_.discard();
    content_.skip_records();
    tar_split_ = TarSplitWriter(encoders_);
  }

  void check_names(const tar::Entry& entry) {
    if (!names_matter_) return;
    const LayerNames::Outcome outcome = names_.add(entry);
    if (outcome == LayerNames::Outcome::repeated) {
      give_up(tar::shown_name(entry.name) + " occurs twice");
      names_matter_ = false;
      names_ = LayerNames();
    }
    // A metadata store of stargz-snapshotter needs the target first (9.2).
    if (outcome == LayerNames::Outcome::link_before_target && style_ == TocStyle::joint) {
      give_up("the hardlink " + tar::shown_name(entry.name) + " comes before its target");
    }
  }

  void begin_entry(const tar::Entry& entry, ByteView header) {
    if (is_chunked()) {
      const std::string obstacle = partial_pull_obstacle(entry, header);
      if (!obstacle.empty()) give_up(obstacle);
    }
    write_run(header);
    name_ = entry.name;
    size_ = entry.size;
    if (is_chunked()) tar_split_.header(header);
    jtoc::Entry record = make_record(entry);
    if (entry.size > 0) {
      content_.begin(std::move(record));
      return;
    }
    if (!is_chunked()) return;
    tar_split_.file(entry.name, 0, 0);
    pipeline_.add_record({std::move(record), TocRecord::kNoChunk, true, {}});
  }

  [[nodiscard]] jtoc::Entry make_record(const tar::Entry& entry) const {
    jtoc::Entry record = jtoc::from_header(entry);
    record.size = entry.header_size;
    record.modtime = toc_time(entry.mtime, style_);
    record.accesstime = toc_time(entry.atime, style_);
    record.changetime = toc_time(entry.ctime, style_);
    const bool empty_file = entry.type == tar::EntryType::regular && entry.size == 0;
    if (style_ == TocStyle::joint && empty_file) record.digest = hash::sha256({});
    return record;
  }

  /// Frames with content hold nothing else, so what follows content begins a frame.
  void write_run(ByteView bytes) {
    if (bytes.empty()) return;
    if (after_content_ || run_bytes_ >= kMaxRun) {
      pipeline_.begin_unit(bytes.size());
      run_bytes_ = 0;
    }
    after_content_ = false;
    run_bytes_ += bytes.size();
    if (rewriting_) stream_.update(bytes);
    stream_bytes_ += bytes.size();
    pipeline_.append(bytes);
  }

  void write_metadata(std::uint64_t data_bytes, LayerResult& result) {
    TarSplitWriter::Result tar_split = tar_split_.finish();
    const hash::Digest tar_split_digest = hash::sha256(tar_split.compressed.view());
    const Buffer json = toc_.finish(tar_split_digest);
    if (json.size() > kMaxMetadata || tar_split.compressed.size() > kMaxMetadata) {
      give_up("its index has more bytes than readers take");
      return;
    }
    const TocFrame toc = make_toc_frame(json.view(), data_bytes, *encoders_);
    const BlobRange tar_split_range = {toc.range.offset + toc.range.compressed_size + kSkippableHeaderSize,
                                       tar_split.compressed.size(), tar_split.uncompressed_size};
    Buffer frame;
    append_skippable_frame(tar_split.compressed.view(), frame);
    sink_.write(toc.bytes.view());
    sink_.write(frame.view());
    sink_.write(containers_footer_frame({toc.range, tar_split_range}).view());
    if (style_ == TocStyle::joint) sink_.write(stargz_footer_frame(toc.range).view());
    annotate(toc, tar_split_range, result);
  }

  void annotate(const TocFrame& toc, const BlobRange& tar_split, LayerResult& result) const {
    oci::Annotations containers;
    annotate_for_containers(toc, tar_split, containers);
    if (style_ != TocStyle::joint || options_.publish == Publish::containers) {
      result.annotations = std::move(containers);
      return;
    }
    annotate_for_stargz(toc, result.annotations);
    result.annotations.emplace(estargz::kUncompressedSizeAnnotation, std::to_string(stream_bytes_));
    if (options_.publish == Publish::both) result.twin_annotations = std::move(containers);
  }

  std::uint64_t write_empty_frame() {
    Buffer frame;
    encoders_->borrow()->encode({}, frame);
    sink_.write(frame.view());
    return frame.size();
  }

  const Options options_;
  const TocStyle style_;
  const std::shared_ptr<UnitEncoderPool> encoders_;
  const std::string media_type_;
  io::ByteSink& sink_;
  const std::function<void(std::string)> note_;
  const bool rewriting_;  // second attempt: the stream may change and is hashed
  std::string obstacle_;  // why there will be no chunks; "" = there will
  LayerNames names_;
  bool names_matter_ = true;
  bool rewritten_ = false;  // the current entry has a header of ours
  hash::Hasher stream_;
  std::uint64_t stream_bytes_ = 0;
  std::uint64_t trailing_bytes_ = 0;
  std::string name_;  // of the entry whose content is coming in
  std::uint64_t size_ = 0;
  bool after_content_ = false;
  std::size_t run_bytes_ = 0;
  TarSplitWriter tar_split_;
  TocAssembler toc_;
  UnitPipeline pipeline_;  // its writer thread uses toc_
  ContentWriter content_;
};

}  // namespace

std::unique_ptr<LayerEncoder> make_containers_encoder(const Options& options, std::shared_ptr<UnitEncoderPool> encoders,
                                                      std::string media_type, io::ByteSink& sink,
                                                      const EncodeContext& context) {
  return std::make_unique<ContainersEncoder>(options, std::move(encoders), std::move(media_type), sink, context);
}

}  // namespace accel::formats::zstdchunked
