#include <algorithm>
#include <filesystem>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/estargz/encoder.hpp"
#include "accel/formats/estargz/plan.hpp"
#include "accel/formats/layer_names.hpp"
#include "accel/io/range.hpp"
#include "accel/io/temp_file.hpp"
#include "accel/tar/block.hpp"
#include "accel/tar/path.hpp"
#include "accel/tar/reader.hpp"
#include "accel/tar/writer.hpp"

namespace accel::formats::estargz {

namespace {

std::filesystem::path temp_dir(const EncodeContext& context) {
  return context.temp_dir.empty() ? std::filesystem::temp_directory_path() : std::filesystem::path(context.temp_dir);
}

StagedEntry::Kind kind_of(tar::EntryType type) {
  if (type == tar::EntryType::directory) return StagedEntry::Kind::directory;
  return type == tar::EntryType::hardlink ? StagedEntry::Kind::hardlink : StagedEntry::Kind::other;
}

/// The layer as a tar of its own in a temporary file: sparse files expanded, global headers dropped.
class Spool final : public io::ByteSink {
 public:
  explicit Spool(const std::filesystem::path& directory) : file_(directory), buffer_(kBufferBytes) {}

  void write(ByteView bytes) override {
    if (buffer_.size() + bytes.size() > kBufferBytes) flush();
    if (bytes.size() >= kBufferBytes) {
      file_.write(bytes);
    } else {
      buffer_.append(bytes);
    }
    size_ += bytes.size();
  }
  void flush() {
    file_.write(buffer_.view());
    buffer_.clear();
  }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] io::ByteSource& source() noexcept { return file_; }

 private:
  static constexpr std::size_t kBufferBytes = 256U << 10U;

  io::TempFile file_;
  Buffer buffer_;
  std::uint64_t size_ = 0;
};

class StagedEncoder final : public LayerEncoder {
 public:
  StagedEncoder(const EncoderSettings& settings, std::string media_type, io::ByteSink& sink,
                const EncodeContext& context)
      : settings_(settings),
        media_type_(std::move(media_type)),
        sink_(sink),
        cancel_(context.cancel),
        note_(context.note),
        spool_(temp_dir(context)),
        writer_({settings.chunk_size, settings.min_chunk_size, true, settings.tail->front_bytes(), nullptr,
                 settings.frame_level},
                settings.encoders, sink, context) {}

  void entry(const tar::Entry& entry, ByteView raw_header) override {
    std::string path = tar::safe_path(entry.name);
    dropping_ = jtoc::is_added_by_format(path);
    if (dropping_) return;
    cancel_.check();
    require_toc_entry(entry);
    StagedEntry staged{std::move(path), {}, kind_of(entry.type)};
    if (staged.kind == StagedEntry::Kind::hardlink) staged.link_target = tar::safe_path(entry.link_name);
    entries_.push_back(std::move(staged));
    offsets_.push_back(spool_.size());
    padding_ = tar::padding_size(entry.size);
    if (needs_new_header(entry, raw_header)) {
      Buffer header;
      tar::write_header(entry, header);
      spool_.write(header.view());
    } else {
      spool_.write(raw_header);
    }
  }

  void payload(ByteView bytes) override {
    if (!dropping_) spool_.write(bytes);
  }

  void padding(ByteView) override {
    if (!dropping_) spool_.write(Bytes(padding_));
  }

  void trailing(ByteView) override {}

  LayerResult finish() override {
    spool_.flush();
    offsets_.push_back(spool_.size());
    const Plan plan = make_plan(entries_, settings_.prioritized_files);
    for (const std::string& name : plan.missing) note_("this layer does not have the prioritised file " + name);
    write_items(plan.prioritized);
    writer_.landmark(settings_.prioritized_files.empty() ? jtoc::kNoPrefetchLandmark : jtoc::kPrefetchLandmark);
    write_items(plan.others);
    return finish_layer(writer_, settings_, media_type_, sink_, false);
  }

 private:
  void write_items(const std::vector<PlanItem>& items) {
    // Entries that follow each other in the temporary file too are read in one go.
    for (std::size_t begin = 0, end = 0; begin < items.size(); begin = end) {
      for (end = begin + 1; end < items.size() && items[end].entry == items[end - 1].entry + 1;) ++end;
      write_run(items, begin, end);
    }
  }

  void write_run(const std::vector<PlanItem>& items, std::size_t begin, std::size_t end) {
    const std::uint64_t offset = offsets_[items[begin].entry];
    io::RangeStream range(spool_.source(), offset, offsets_[items[end - 1].entry + 1] - offset);
    tar::Reader reader(range);
    for (std::size_t i = begin; i < end; ++i) {
      const tar::Entry* const entry = reader.next();
      if (entry == nullptr) throw FormatError("the temporary copy of the layer was changed while it was read");
      write_item(items[i], *entry, reader);
    }
  }

  void write_item(const PlanItem& item, const tar::Entry& source, tar::Reader& reader) {
    cancel_.check();
    if (item.name || item.link_name) {
      tar::Entry changed = source;
      if (item.name) changed.name = *item.name;
      if (item.link_name) changed.link_name = *item.link_name;
      Buffer header;
      tar::write_header(changed, header);
      begin_entry(changed, header.view());
    } else {
      begin_entry(source, reader.raw_header());
    }
    while (true) {
      const ByteView piece = reader.payload();
      if (piece.empty()) break;
      writer_.payload(piece);
    }
    writer_.raw(reader.padding());
  }

  void begin_entry(const tar::Entry& entry, ByteView header) {
    names_.add(entry);  // a layer that repeats names may make no tree: a file where a directory was
    writer_.entry(entry, header);
  }

  const EncoderSettings settings_;
  const std::string media_type_;
  io::ByteSink& sink_;
  const CancelToken cancel_;
  const std::function<void(std::string)> note_;
  Spool spool_;
  std::vector<StagedEntry> entries_;
  std::vector<std::uint64_t> offsets_;  // of entries_ in the spool; at last one more: its end
  LayerNames names_;
  bool dropping_ = false;
  std::size_t padding_ = 0;
  LayerWriter writer_;
};

}  // namespace

std::unique_ptr<LayerEncoder> make_staged_encoder(const EncoderSettings& settings, std::string media_type,
                                                  io::ByteSink& sink, const EncodeContext& context) {
  return std::make_unique<StagedEncoder>(settings, std::move(media_type), sink, context);
}

}  // namespace accel::formats::estargz
