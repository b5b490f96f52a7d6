/// Makes a chunk dictionary of several images. Spec: nydus-blob.md 15.4 says what readers need of it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "accel/formats/format.hpp"
#include "accel/formats/nydus/merge.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"
#include "accel/formats/nydus/stored_meta.hpp"

namespace accel::formats::nydus {

/// Puts the tree of each image under a directory of its own, named by the hex digits of the image's digest, so that
/// nothing collides. Of chunks with the same content the first stays; blobs of which no chunk is left go.
class DictBuilder final : public DictionaryBuilder {
 public:
  void add_stored(const hash::Digest& image, io::ByteStream& image_layer_tar,
                  const std::vector<oci::Descriptor>& layers, const CancelToken& cancel) override;
  void add_converted(const ConvertedImage& image) override;
  ImageResult finish(io::ByteSink& sink, const EncodeContext& context) override;

 private:
  void add(const hash::Digest& image, Rafs rafs, const std::vector<oci::Descriptor>& layers);
  void check_fits(const hash::Digest& image, const Rafs& rafs);

  Merger merger_;
  std::string parameters_;                        // of the first image
  hash::Digest first_;                            // image, for messages
  std::set<hash::Digest> images_;                 // those that were added
  std::map<std::string, oci::Descriptor> blobs_;  // by id
  std::map<std::string, StoredMeta> metas_;       // by id
};

}  // namespace accel::formats::nydus
