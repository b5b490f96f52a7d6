#include <array>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/estargz/encoder.hpp"
#include "accel/formats/layer_names.hpp"
#include "accel/tar/block.hpp"
#include "accel/tar/path.hpp"
#include "accel/tar/writer.hpp"

namespace accel::formats::estargz {

namespace {

class StreamEncoder final : public LayerEncoder {
 public:
  StreamEncoder(const EncoderSettings& settings, std::string media_type, io::ByteSink& sink,
                const EncodeContext& context)
      : settings_(settings),
        media_type_(std::move(media_type)),
        sink_(sink),
        writer_({settings.chunk_size, settings.min_chunk_size, true, settings.tail->front_bytes(), context.digests,
                 settings.frame_level, settings.frame_level ? context.frames : nullptr},
                settings.encoders, sink, context) {
    writer_.landmark(jtoc::kNoPrefetchLandmark);
  }

  void entry(const tar::Entry& entry, ByteView raw_header) override {
    dropping_ = jtoc::is_added_by_format(tar::clean_path(entry.name));
    if (dropping_) return;
    require_toc_entry(entry);
    const LayerNames::Outcome outcome = names_.add(entry);
    if (outcome == LayerNames::Outcome::repeated) throw RestartStaged("an entry occurs twice: " + names_.path());
    if (outcome == LayerNames::Outcome::link_before_target) {
      throw RestartStaged("a hardlink comes before its target: " + names_.path());
    }
    padding_ = tar::padding_size(entry.size);
    if (needs_new_header(entry, raw_header)) {
      Buffer header;
      tar::write_header(entry, header);
      writer_.entry(entry, header.view());
    } else {
      writer_.entry(entry, raw_header);
    }
  }

  void payload(ByteView bytes) override {
    if (!dropping_) writer_.payload(bytes);
  }

  void padding(ByteView) override {
    // Not what the source has: it may be cut off at the end of the stream, and holds nothing anybody reads.
    if (!dropping_) writer_.raw(ByteView(kZeros).first(padding_));
  }

  void trailing(ByteView) override {}  // the only end of archive is the TOC's

  LayerResult finish() override { return finish_layer(writer_, settings_, media_type_, sink_, false); }

 private:
  static constexpr std::array<std::byte, tar::kBlockSize> kZeros{};

  const EncoderSettings settings_;
  const std::string media_type_;
  io::ByteSink& sink_;
  LayerNames names_;
  bool dropping_ = false;
  std::size_t padding_ = 0;
  LayerWriter writer_;
};

}  // namespace

std::unique_ptr<LayerEncoder> make_stream_encoder(const EncoderSettings& settings, std::string media_type,
                                                  io::ByteSink& sink, const EncodeContext& context) {
  return std::make_unique<StreamEncoder>(settings, std::move(media_type), sink, context);
}

}  // namespace accel::formats::estargz
