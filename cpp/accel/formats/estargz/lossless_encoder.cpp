#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/estargz/encoder.hpp"
#include "accel/formats/layer_names.hpp"
#include "accel/tar/path.hpp"

namespace accel::formats::estargz {

namespace {

class LosslessEncoder final : public LayerEncoder {
 public:
  LosslessEncoder(const EncoderSettings& settings, std::string media_type, io::ByteSink& sink,
                  const EncodeContext& context)
      : settings_(settings),
        media_type_(std::move(media_type)),
        sink_(sink),
        writer_({settings.chunk_size, settings.min_chunk_size, false, settings.tail->front_bytes()}, settings.encoders,
                sink, context) {}

  void entry(const tar::Entry& entry, ByteView raw_header) override {
    require_toc_entry(entry);
    const LayerNames::Outcome outcome = names_.add(entry);
    if (names_.path() == jtoc::kTocName) refuse(entry, "the layer already holds an eStargz TOC");
    if (outcome == LayerNames::Outcome::repeated) refuse(entry, "the entry occurs twice");
    if (outcome == LayerNames::Outcome::link_before_target) refuse(entry, "the hardlink comes before its target");
    if (entry.sparse) refuse(entry, "the file is stored sparse");
    writer_.entry(entry, raw_header);
  }

  void payload(ByteView bytes) override { writer_.payload(bytes); }
  void padding(ByteView bytes) override { writer_.raw(bytes); }
  void trailing(ByteView bytes) override { writer_.raw(bytes); }

  LayerResult finish() override { return finish_layer(writer_, settings_, media_type_, sink_, true); }

 private:
  [[noreturn]] static void refuse(const tar::Entry& entry, const std::string& why) {
    throw FormatError("keep the layer's diffID: " + why + ", so that its tar would have to change",
                      FormatError::Where{{}, tar::shown_name(entry.name), {}}, "convert without keep_diff_id");
  }

  const EncoderSettings settings_;
  const std::string media_type_;
  io::ByteSink& sink_;
  LayerNames names_;
  LayerWriter writer_;
};

}  // namespace

std::unique_ptr<LayerEncoder> make_lossless_encoder(const EncoderSettings& settings, std::string media_type,
                                                    io::ByteSink& sink, const EncodeContext& context) {
  return std::make_unique<LosslessEncoder>(settings, std::move(media_type), sink, context);
}

}  // namespace accel::formats::estargz
