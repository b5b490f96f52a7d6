/// What a target format is. Knows no format and no network; `all_formats.cpp` is the only list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/base/cancel.hpp"
#include "accel/base/error.hpp"
#include "accel/base/memory_budget.hpp"
#include "accel/base/thread_pool.hpp"
#include "accel/codec/block_boundaries.hpp"
#include "accel/codec/codec.hpp"
#include "accel/formats/option_field.hpp"
#include "accel/formats/shared_digests.hpp"
#include "accel/formats/shared_frames.hpp"
#include "accel/io/sink.hpp"
#include "accel/io/source.hpp"
#include "accel/oci/descriptor.hpp"
#include "accel/tar/entry.hpp"

namespace accel::formats {

/// What an encoder runs on. The references outlive the encoder.
struct EncodeContext {
  ThreadPool& pool;
  MemoryBudget& budget;
  CancelToken cancel;
  std::function<void(std::string)> note = [](std::string) {};  ///< tells the user something that is no error
  /// Second attempt at a layer after RestartStaged: the encoder may keep the layer in a temporary file and rewrite it.
  bool staged = false;
  std::string temp_dir = {};  ///< where; "" = $TMPDIR, then /tmp
  /// One object each for all encoders of a layer that are fed together, so that they need not hash or compress the same
  /// bytes each for itself. Null: there is only one encoder, or it is not worth it. Never changes output.
  std::shared_ptr<SharedDigests> digests = nullptr;
  std::shared_ptr<SharedFrames> frames = nullptr;
  /// What the bytes of the source layer are.
  codec::Compression source_compression = codec::Compression::none;
  /// With Capabilities::wants_boundaries and a gzip layer: where deflate blocks begin, ahead of what the encoder is
  /// fed.
  std::shared_ptr<codec::BlockBoundaries> boundaries = nullptr;
};

/// Thrown by LayerEncoder::entry when the layer cannot be converted as it streams by: an entry occurs twice, a hardlink
/// comes before its target, a sparse file would change a diffID nobody has been hashing. Not a failure: the caller
/// destroys the encoder and what its sink took, makes a new one with `EncodeContext::staged` set, and feeds it the
/// whole layer again. A staged encoder never throws it.
class RestartStaged : public Error {
  using Error::Error;
};

/// What a format keeps of a converted layer for the image's own layer (Format::encode_image); each format has its own.
class LayerPart {
 public:
  virtual ~LayerPart() = default;
};

/// What a converted layer is, besides the bytes that went to its sink.
struct LayerResult {
  std::string media_type;
  /// What the image config must list for this layer. Empty: the tar stream passed through unchanged, so it is the
  /// source's diffID, which the caller computes anyway; the encoder does not hash the same bytes twice.
  hash::Digest diff_id;
  bool diff_id_is_blob = false;               ///< the diffID is the digest of the converted blob (nydus)
  std::uint64_t uncompressed_size = 0;        ///< bytes of the stream `diff_id` is over
  oci::Annotations annotations;               ///< to set on the layer descriptor
  std::vector<std::string> drop_annotations;  ///< keys (or "prefix*") of the source descriptor that must go
  Bytes side_blob;                            ///< eStargz with external TOC: the TOC blob of this layer; else empty
  /// With Capabilities::twin_tag_suffix: what the layer descriptor has instead of `annotations` in the twin image.
  oci::Annotations twin_annotations;
  /// Readers need the bytes of the source layer as well, so it must be where the converted one is.
  bool refers_to_source = false;
  /// With Capabilities::image_layer: what `encode_image` needs of this layer, and how many bytes at the converted
  /// blob's end `read_part` finds it in.
  std::shared_ptr<const LayerPart> part = nullptr;
  std::uint64_t part_bytes = 0;
};

/// Encodes one layer. Fed by one thread with the events of tar::Reader, in its order; its output goes to the sink it
/// was made with, from a thread of its own. Output bytes depend on input and options only, never on pool size.
/// Any method may throw; then the encoder is only destroyed. Destroying it early stops its work at once: it waits for
/// the units being compressed and for a `write` its sink is in, so a sink that may block must return or throw once the
/// context's token is cancelled or its consumer is gone. Sinks must not wait for memory of the context's budget.
class LayerEncoder {
 public:
  virtual ~LayerEncoder() = default;
  /// Begins an entry. `raw_header` are all its header blocks.
  virtual void entry(const tar::Entry& entry, ByteView raw_header) = 0;
  /// The next piece of content of the current entry.
  virtual void payload(ByteView bytes) = 0;
  /// Bytes after the content up to the next header; called once for each entry with content, maybe with none.
  virtual void padding(ByteView bytes) = 0;
  /// The next piece of what follows the last entry.
  virtual void trailing(ByteView bytes) = 0;
  /// Ends the layer: returns when everything has been written to the sink.
  virtual LayerResult finish() = 0;
};

/// Sees what a layer contains; see LayerReader.
class LayerVisitor {
 public:
  virtual ~LayerVisitor() = default;
  /// One entry in layer order. `content` is the digest of its content (regular files; SHA-256 of nothing if empty).
  virtual void entry(const tar::Entry& entry, const hash::Digest& content) = 0;
};

/// For those who verify and want to know nothing else.
class IgnoreEntries final : public LayerVisitor {
 public:
  void entry(const tar::Entry&, const hash::Digest&) override {}
};

/// One layer of an image whose own layer is being made, lowest first.
struct ImageLayer {
  oci::Descriptor source;  ///< the layer it was made of; empty when it came converted
  oci::Descriptor blob;    ///< the converted layer
  std::shared_ptr<const LayerPart> part;
};

/// A source image whose layers have been converted.
struct ConvertedImage {
  hash::Digest source_digest;    ///< of its manifest
  std::string source_reference;  ///< as the user named it
  std::vector<ImageLayer> layers;
};

/// A blob that the image's own layer refers to and that is no layer of the image, so that the target must get it from
/// elsewhere (nydus: blobs of a chunk dictionary).
using ForeignBlobs = std::vector<oci::Descriptor>;

/// The image's own layer, which stands behind its converted layers, and what it adds to the image's documents.
struct ImageResult {
  LayerResult layer;
  ForeignBlobs foreign_blobs;
  std::string created_by, comment;        ///< of its history entry
  oci::Annotations manifest_annotations;  ///< to set on the manifest
};

/// Makes the own layer of a dictionary: an image whose chunks other images need not store again. Images are added one
/// by one, each once however often it comes. Errors say what is wrong with the image that was being added.
class DictionaryBuilder {
 public:
  virtual ~DictionaryBuilder() = default;
  /// Adds a stored image of the format: the tar stream of its own layer, read to its end, and its layers. Throws
  /// ConfigError when it does not fit those before it, UnsupportedError for one that cannot be shared, FormatError.
  virtual void add_stored(const hash::Digest& image, io::ByteStream& image_layer_tar,
                          const std::vector<oci::Descriptor>& layers, const CancelToken& cancel) = 0;
  /// Adds an image whose layers were just converted by the format that made this builder. Throws likewise.
  virtual void add_converted(const ConvertedImage& image) = 0;
  /// Writes the own layer. `foreign_blobs` of the result are the layers below it, lowest first. Called once, last.
  virtual ImageResult finish(io::ByteSink& sink, const EncodeContext& context) = 0;
};

/// Facts of a stored layer, for `inspect`.
struct LayerSummary {
  std::string format;  ///< "eStargz", "zstd:chunked (joint)", "tar+gzip"
  std::uint64_t entries = 0;
  std::uint64_t chunks = 0;
  std::uint64_t uncompressed_size = 0;
  std::vector<std::pair<std::string, std::string>> details;  ///< format-specific facts, in print order
};

/// Reads one stored layer of a format, independent of the writer.
class LayerReader {
 public:
  virtual ~LayerReader() = default;
  /// Facts from metadata alone (footer, TOC): no pass over the data.
  virtual LayerSummary summary() = 0;
  /// Entries from metadata alone.
  virtual void list(LayerVisitor& visitor) = 0;
  /// Reads and verifies everything there is (chunk digests, file digests, metadata against tar headers, blob digest
  /// against the descriptor, diffID against `diff_id` unless empty) and reports every entry.
  /// Entries the format added by design are left out. Throws FormatError, DigestMismatch.
  virtual void verify(LayerVisitor& visitor, const hash::Digest& diff_id, const CancelToken& cancel) = 0;
  /// Reads content of the regular file at the clean path `path` from `offset` by fetching only the chunks it needs,
  /// each verified. Returns the bytes read: out.size(), or less at the end of the file. Throws FormatError when there
  /// is no such file, DigestMismatch, UnsupportedError where the layer has no index of its chunks (the default).
  virtual std::size_t read_file(std::string_view path, std::uint64_t offset, MutableByteView out);
};

/// What readers need besides the blob, and what they let a hostile one do.
struct OpenOptions {
  codec::DecodeLimits decode_limits;
  std::uint64_t max_toc_bytes = 512ULL << 20U;  ///< of one uncompressed TOC
  std::uint64_t max_toc_entries = 2'000'000;    ///< files and chunks of one layer
  /// Finds the TOC blob of an eStargz layer with external TOC (estargz.md 10.1); null or no answer: there is none.
  std::function<std::optional<Bytes>(const oci::Descriptor& layer)> external_toc;
  /// Opens a blob that a nydus layer refers to by digest (size 0: not known); null or no answer: it cannot be had.
  std::function<std::shared_ptr<io::ByteSource>(const oci::Descriptor& blob)> other_blobs;
};

struct Capabilities {
  bool needs_oci = false;       ///< annotations or media types that Docker schema 2 cannot hold: docker2oci is implied
  bool keeps_diff_ids = false;  ///< with these options, the target's diffIDs are the source's
  /// Not empty: the image is published twice, sharing config and blobs, because one layer descriptor cannot serve two
  /// kinds of clients (zstdchunked.md 9.5). The twin has LayerResult::twin_annotations and stands under the target's
  /// tag with this suffix.
  std::string twin_tag_suffix;
  bool external_tocs = false;  ///< layers have a LayerResult::side_blob, for an image of its own (estargz.md 10.1)
  bool image_layer = false;    ///< the image gets one more layer, made of all others: see Format::encode_image
  /// Encoders take EncodeContext::boundaries where the source layer is gzip.
  bool wants_boundaries = false;
};

/// What a format's options ask of the image around its layers. Spec: service.md 5.
struct ImageOptions {
  bool docker_to_oci = false;
  bool with_referrer = false;   ///< manifests get the source's as `subject`
  bool merge_manifest = false;  ///< the result is an index that holds the source image as well
  /// Where layers go instead of the target repository, which gets the image's own layer only; "" for nowhere else.
  std::string backend_type, backend_config;
  bool backend_force_push = false;
  std::vector<std::string> encrypt_recipients;  ///< for whom the image's own layer is encrypted
};

/// One format with one set of options.
class Format {
 public:
  virtual ~Format() = default;
  /// "estargz": the name of CLI, configuration and results.
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual Capabilities capabilities() const = 0;
  [[nodiscard]] virtual ImageOptions image_options() const { return {}; }
  /// Everything that output bytes depend on besides the input: format version, options, encoder library versions.
  [[nodiscard]] virtual std::string fingerprint() const = 0;
  /// The media type converted layers have for a source layer of `media_type`. UnsupportedError when it cannot be one.
  [[nodiscard]] virtual std::string layer_media_type(std::string_view media_type) const = 0;
  /// Begins a layer whose converted bytes go to `sink`. `source` is the layer's descriptor.
  [[nodiscard]] virtual std::unique_ptr<LayerEncoder> encode(const oci::Descriptor& source, io::ByteSink& sink,
                                                             const EncodeContext& context) const = 0;
  /// True when the descriptor already names a layer of this format (it still has to verify).
  [[nodiscard]] virtual bool is_converted(const oci::Descriptor& layer) const = 0;

  /// With Capabilities::image_layer: writes the layer that all layers of `image` together need. Called when they have
  /// been converted; their blobs may not be readable any more.
  [[nodiscard]] virtual ImageResult encode_image(const ConvertedImage& image, io::ByteSink& sink,
                                                 const EncodeContext& context) const;
  /// With Capabilities::image_layer: the part of a layer that was converted before, read from its blob. Reads what it
  /// needs only. Throws FormatError.
  [[nodiscard]] virtual std::shared_ptr<const LayerPart> read_part(const oci::Descriptor& layer,
                                                                   io::ByteSource& blob) const;
  /// The image whose own layer (see `encode_image`) this format's options name as a dictionary; "" for none. The caller
  /// reads that layer's tar stream and gives it to `set_dictionary`, together with the image's layers, before it
  /// encodes anything.
  [[nodiscard]] virtual std::string dictionary_image() const { return {}; }
  virtual void set_dictionary(io::ByteStream& image_layer_tar, const std::vector<oci::Descriptor>& layers);
  /// Begins a dictionary of images like those that this format makes. Throws UnsupportedError where there is no such
  /// thing (the default), ConfigError for options that do not fit.
  [[nodiscard]] virtual std::unique_ptr<DictionaryBuilder> make_dictionary() const;
};

/// Opens a blob of the image at hand for random access. A blob that is no layer of the image may be asked for by its
/// digest alone (size 0): a backend holds it.
using BlobOpener = std::function<std::shared_ptr<io::ByteSource>(const oci::Descriptor& blob)>;

/// Turns a stored image back into ordinary layers.
class ImageUnpacker {
 public:
  virtual ~ImageUnpacker() = default;
  /// The stored layers that become an ordinary layer each, lowest first; laid over each other these are the image.
  /// Empty: they cannot be told apart, and the image as a whole becomes one layer.
  [[nodiscard]] virtual const std::vector<oci::Descriptor>& layers() const = 0;
  /// Why there is one layer for all; "" when there is not.
  [[nodiscard]] virtual const std::string& note() const = 0;
  /// Writes the tar stream of layer number `layer` (of the whole image, as number 0, where `layers` is empty). The same
  /// bytes for the same layer; everything that goes in is verified. Thread-safe. Throws FormatError, DigestMismatch.
  virtual void write_layer(std::size_t layer, io::ByteSink& tar, const CancelToken& cancel) = 0;
  /// Annotations of manifests and layers that are the format's: keys, or "prefix*".
  [[nodiscard]] virtual const std::vector<std::string>& annotations() const = 0;
};

/// One line of the list of formats.
struct FormatInfo {
  std::string_view name;                                         ///< driver name
  std::string_view description;                                  ///< one line for --help
  const OptionTable* options;                                    ///< its fields, for help, validation and docs
  std::unique_ptr<Format> (*make)(const OptionValues& options);  ///< throws ConfigError naming the option
  /// A reader when `layer` is of this format, judged by annotations and the last bytes of `blob`; else null.
  std::unique_ptr<LayerReader> (*open)(const oci::Descriptor& layer, std::shared_ptr<io::ByteSource> blob,
                                       const OpenOptions& options);
  /// For formats with Capabilities::image_layer: a reader of the whole image with these layers, whose entries are those
  /// of the merged tree, or null when the image is not of this format.
  std::unique_ptr<LayerReader> (*open_image)(const std::vector<oci::Descriptor>& layers, const BlobOpener& blobs,
                                             const OpenOptions& options) = nullptr;
  /// For formats whose layers are no tars: an unpacker of the image with these layers, or null when the image is not of
  /// this format. Reads metadata only.
  std::unique_ptr<ImageUnpacker> (*open_unpacker)(const std::vector<oci::Descriptor>& layers, const BlobOpener& blobs,
                                                  const OpenOptions& options) = nullptr;
};

}  // namespace accel::formats
