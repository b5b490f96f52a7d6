/// One interface for every place that holds images: a registry repository, an OCI layout, an archive, memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accel/base/cancel.hpp"
#include "accel/base/error.hpp"
#include "accel/hash/digest.hpp"
#include "accel/io/sink.hpp"
#include "accel/io/source.hpp"
#include "accel/oci/manifest.hpp"

namespace accel::oci {

/// RegistryError codes of our own, which only the maker of a blob can do something about.
inline constexpr std::string_view kUploadLost = "UPLOAD_LOST";      ///< the place lost what it had of the blob
inline constexpr std::string_view kChunkRefused = "CHUNK_REFUSED";  ///< it takes no blob in several requests

/// True for an error of a BlobWriter after which the same bytes, written to a new one, may well arrive: the place has
/// lost what it had of them, and the writer does not keep what was acknowledged.
bool must_be_written_again(const RegistryError& error);

/// Takes one blob whose digest is not known before its end. Nothing is visible in the repository before `commit`;
/// destroying a writer that was not committed leaves nothing behind.
class BlobWriter : public io::ByteSink {
 public:
  /// Ends the blob. `digest` and `size` are those of all bytes written (the caller hashed them). Throws
  /// DigestMismatch when the repository sees other bytes, and, as `write` does, errors that must_be_written_again
  /// knows.
  virtual void commit(const Digest& digest, std::uint64_t size) = 0;
};

/// Thread-safe: several blobs may be read and written at a time. Methods block; all throw Cancelled when the token
/// is, NotFound for what is absent unless they say otherwise, RegistryError or StoreError for other failures.
class Repository {
 public:
  virtual ~Repository() = default;

  /// The place in words, for messages: "localhost:5000/app", "oci:dir".
  [[nodiscard]] virtual std::string name() const = 0;

  /// The manifest or index that `tag_or_digest` names. Its digest has been verified.
  virtual RawManifest get_manifest(const std::string& tag_or_digest, const CancelToken& cancel) = 0;
  /// The descriptor of a manifest, without its bytes where the place can say so; nothing when absent.
  virtual std::optional<Descriptor> stat_manifest(const std::string& tag_or_digest, const CancelToken& cancel) = 0;
  /// Stores a manifest under its digest and, when `tag` is not empty, points the tag to it.
  virtual void put_manifest(const RawManifest& manifest, const std::string& tag, const CancelToken& cancel) = 0;

  /// True when the blob is in this repository.
  virtual bool has_blob(const Descriptor& blob, const CancelToken& cancel) = 0;
  /// The blob's bytes, digest and size verified: the read that would return the last bytes throws DigestMismatch
  /// instead when they are wrong. Interrupted transfers resume by themselves.
  virtual std::unique_ptr<io::ByteStream> open_blob(const Descriptor& blob, const CancelToken& cancel) = 0;
  /// Random access to a blob. Ranges are not verified: the caller checks what it reads.
  virtual std::unique_ptr<io::ByteSource> blob_source(const Descriptor& blob, const CancelToken& cancel) = 0;
  /// Begins a new blob. `size_hint` may be 0.
  virtual std::unique_ptr<BlobWriter> create_blob(std::uint64_t size_hint, const CancelToken& cancel) = 0;
  /// Like create_blob, for a caller that knows the blob and can write it again from its start: bytes go out as they
  /// come and none are kept, so an interrupted transfer does not resume. It throws RegistryError; begin again with
  /// create_blob.
  virtual std::unique_ptr<BlobWriter> stream_blob(const Descriptor& blob, const CancelToken& cancel) {
    return create_blob(blob.size, cancel);
  }
  /// Makes `blob` of `from` available here without sending it, where both places can do that (cross-repository mount
  /// in a registry, hard link or reflink between local stores). False when it must be copied.
  virtual bool mount_blob(const Descriptor& blob, Repository& from, const CancelToken& cancel) = 0;

  virtual std::vector<std::string> list_tags(const CancelToken& cancel) = 0;
  /// Manifests whose `subject` is `subject`; empty when there are none.
  virtual std::vector<Descriptor> list_referrers(const Digest& subject, const CancelToken& cancel) = 0;

  /// Ends a session of writes: an archive is completed and put in its place here, and a layout lists the images that
  /// came without a tag. Others do nothing.
  virtual void finish() {}
};

}  // namespace accel::oci
