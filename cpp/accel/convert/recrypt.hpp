/// Decrypts and encrypts layers on their way from one repository to another (ocicrypt; see crypt/ocicrypt.hpp).
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "accel/base/cancel.hpp"
#include "accel/convert/document_set.hpp"
#include "accel/convert/request.hpp"
#include "accel/convert/tally.hpp"
#include "accel/crypt/keys.hpp"
#include "accel/crypt/ocicrypt.hpp"
#include "accel/oci/manifest.hpp"
#include "accel/oci/repository.hpp"

namespace accel::convert {

/// The layers of one copy whose bytes change, and the documents that follow from that. Make one, `run` every layer
/// (side by side if you like), then ask for the documents.
class Recrypt {
 public:
  /// Reads the keys and finds the layers of `documents` that change: the encrypted ones where there are keys to
  /// decrypt; those to encrypt where there are recipients. Unwraps the layers' keys: with a wrong one nothing is
  /// transferred. Throws ConfigError for a layer's number that an image does not have, and what loading and unwrapping
  /// keys throw.
  Recrypt(const CopyRequest& request, const DocumentSet& documents);

  /// Layers that change, each once.
  [[nodiscard]] std::size_t size() const noexcept { return layers_.size(); }
  [[nodiscard]] const oci::Descriptor& layer(std::size_t i) const noexcept { return layers_[i].source; }
  /// The blobs of the documents that are copied as they are.
  [[nodiscard]] std::vector<oci::Descriptor> kept_blobs() const;

  /// Writes layer `i` anew into `target`. Thread-safe for different layers.
  void run(std::size_t i, oci::Repository& source, oci::Repository& target, JobState& job, const CancelToken& cancel);

  struct Documents {
    std::vector<oci::RawManifest> manifests;
    std::vector<oci::RawManifest> indexes;  ///< children before parents
    oci::RawManifest root;
  };
  /// The documents with the changed layers in them; those that nothing changes in are as they were. Images with
  /// encrypted layers are OCI images, because Docker's layers have no annotations. Only after all layers were run.
  [[nodiscard]] Documents documents(const oci::RawManifest& root) const;

 private:
  struct Layer {
    oci::Descriptor source;
    bool encrypt = false;
    std::optional<crypt::LayerKey> key;  ///< of an encrypted source
    hash::Digest digest;                 ///< of the new bytes
    std::uint64_t size = 0;
    crypt::Annotations annotations;  ///< those of encryption
  };
  using Changes = std::vector<std::pair<bool, bool>>;  ///< of each layer: decrypted, encrypted

  [[nodiscard]] Changes changes_of(const oci::Manifest& manifest) const;
  void plan(const oci::Manifest& manifest);
  void attempt(Layer& layer, oci::Repository& source, oci::Repository& target, JobState& job,
               const CancelToken& cancel) const;
  [[nodiscard]] oci::RawManifest rewrite_manifest(const oci::RawManifest& raw) const;
  [[nodiscard]] static oci::RawManifest rewrite_index(const oci::RawManifest& raw,
                                                      const std::map<hash::Digest, oci::RawManifest>& changed);

  const DocumentSet& documents_;
  const crypt::DecryptKeys keys_;
  const crypt::Recipients recipients_;
  const std::vector<int> numbers_;
  std::vector<Layer> layers_;
  std::map<std::pair<hash::Digest, bool>, std::size_t> places_;  ///< (source digest, encrypt) → its place in layers_
  std::set<hash::Digest> kept_;                                  ///< layers that are needed unchanged as well
};

}  // namespace accel::convert
