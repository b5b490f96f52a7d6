/// A format that stores the tar as it is: shows what the pipeline feeds and does with results, without any codec.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/format.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::testing {

struct FakeBehaviour {
  bool needs_oci = true;
  bool changes_diff_id = false;     ///< claims another diffID
  bool refuses_zstd = false;        ///< as a source type
  bool restarts = false;            ///< asks for a staged run at its second entry
  std::size_t fails_at = SIZE_MAX;  ///< throws FormatError at this call
  std::string side_blob;
  std::string twin_tag_suffix;
};

class FakeEncoder final : public formats::LayerEncoder {
 public:
  FakeEncoder(const FakeBehaviour& behaviour, oci::Descriptor source, io::ByteSink& sink,
              const formats::EncodeContext& context)
      : behaviour_(behaviour), source_(std::move(source)), sink_(sink), context_(context) {}

  void entry(const tar::Entry& entry, ByteView raw_header) override {
    if (behaviour_.restarts && !context_.staged && ++entries_ == 2) throw formats::RestartStaged("again");
    if (entry.name == "note") context_.note("has an entry called note");
    take(raw_header);
  }
  void payload(ByteView bytes) override { take(bytes); }
  void padding(ByteView bytes) override { take(bytes); }
  void trailing(ByteView bytes) override { take(bytes); }
  formats::LayerResult finish() override {
    formats::LayerResult result;
    result.media_type = source_.media_type == oci::kDockerLayerGzip ? oci::kDockerLayer : oci::kOciLayer;
    if (behaviour_.changes_diff_id) result.diff_id = hash::sha256(as_bytes("diff of " + source_.digest.to_string()));
    result.uncompressed_size = size_;
    result.annotations = {{"fake.size", std::to_string(size_)}};
    result.drop_annotations = {"stale", "old.*"};
    result.side_blob = to_bytes(as_bytes(behaviour_.side_blob));
    if (!behaviour_.twin_tag_suffix.empty()) result.twin_annotations = {{"fake.twin", "1"}};
    return result;
  }

 private:
  void take(ByteView bytes) {
    if (calls_++ == behaviour_.fails_at) throw FormatError("the encoder dislikes this layer");
    sink_.write(bytes);
    size_ += bytes.size();
  }

  const FakeBehaviour behaviour_;
  const oci::Descriptor source_;
  io::ByteSink& sink_;
  const formats::EncodeContext context_;
  std::size_t calls_ = 0, entries_ = 0, size_ = 0;
};

class FakeFormat final : public formats::Format {
 public:
  explicit FakeFormat(FakeBehaviour behaviour = {}) : behaviour_(std::move(behaviour)) {}

  [[nodiscard]] std::string_view name() const override { return "fake"; }
  [[nodiscard]] formats::Capabilities capabilities() const override {
    return {behaviour_.needs_oci, !behaviour_.changes_diff_id, behaviour_.twin_tag_suffix};
  }
  [[nodiscard]] std::string fingerprint() const override { return "fake"; }
  [[nodiscard]] std::string layer_media_type(std::string_view media_type) const override {
    if (behaviour_.refuses_zstd && media_type.find("+zstd") != std::string_view::npos) {
      throw UnsupportedError("fake: layers of type '" + std::string(media_type) + "' cannot be converted");
    }
    return std::string(oci::kOciLayer);
  }
  [[nodiscard]] std::unique_ptr<formats::LayerEncoder> encode(const oci::Descriptor& source, io::ByteSink& sink,
                                                              const formats::EncodeContext& context) const override {
    return std::make_unique<FakeEncoder>(behaviour_, source, sink, context);
  }
  [[nodiscard]] bool is_converted(const oci::Descriptor& layer) const override {
    return layer.annotations.contains("fake.size");
  }

 private:
  const FakeBehaviour behaviour_;
};

}  // namespace accel::testing
