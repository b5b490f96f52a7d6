#include "accel/convert/copier.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/base/parallel.hpp"
#include "accel/convert/blob_transfer.hpp"
#include "accel/convert/document_set.hpp"
#include "accel/convert/error_context.hpp"
#include "accel/convert/image.hpp"
#include "accel/convert/recrypt.hpp"
#include "accel/convert/tally.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::convert {

namespace {

constexpr std::size_t kParallelBlobs = 4;      // as many as keep two cores and a loopback registry busy
constexpr std::size_t kParallelDocuments = 4;  // small requests: latency counts

class Copier {
 public:
  Copier(const CopyRequest& request, const OpenImage& source, const OpenImage& target, const Environment& environment)
      : request_(request),
        source_(*source.repository),
        target_(*target.repository),
        source_tag_(source.tag),
        target_tag_(target.tag),
        environment_(environment),
        cancel_(environment.cancel),
        job_{{}, Reporter(*environment.progress, source.reference)} {}

  CopyReport run() {
    const auto start = std::chrono::steady_clock::now();
    const oci::RawManifest root = select_root();
    DocumentSet documents(source_);
    documents.add(root, cancel_);
    if (request_.referrers) documents.add_referrers(cancel_);
    Recrypt recrypt(request_, documents);
    if (request_.referrers && recrypt.size() > 0) {
      throw ConfigError("referrers point to the image as it is, and with layers decrypted or encrypted it is another",
                        "leave --referrers out, or the keys");
    }
    copy_blobs(recrypt, root);
    rewrite_layers(recrypt);
    const Recrypt::Documents result = recrypt.documents(root);
    put_documents(result);
    with_context("tag '" + target_tag_ + "'", [&] { target_.put_manifest(result.root, target_tag_, cancel_); });
    target_.finish();

    report_.digest = result.root.descriptor.digest.to_string();
    report_.media_type = result.root.descriptor.media_type;
    report_.bytes_read = job_.tally.read;
    report_.bytes_uploaded = job_.tally.uploaded;
    report_.bytes_mounted = job_.tally.mounted;
    report_.blobs_copied = copied_;
    report_.blobs_existing = existing_;
    report_.blobs_mounted = mounted_;
    report_.total = std::chrono::steady_clock::now() - start;
    return report_;
  }

 private:
  /// The document to copy: the one that was named, or what the wanted platforms leave of it.
  oci::RawManifest select_root() {
    oci::RawManifest named = source_.get_manifest(source_tag_, cancel_);
    if (request_.all_platforms || !oci::is_index(named.descriptor.media_type)) return named;
    std::vector<oci::Platform> platforms = request_.platforms;
    if (platforms.empty()) platforms.push_back(oci::host_platform());
    const Image image = read_image(source_, named.descriptor.digest.to_string(), platforms, cancel_);
    if (const auto images = image.images(); images.size() == 1) {
      return {oci::describe(images.front()->descriptor.media_type, images.front()->bytes), images.front()->bytes};
    }
    return without_others(named, image);
  }

  static oci::RawManifest without_others(const oci::RawManifest& named, const Image& image) {
    oci::Index index = image.root.index;
    index.manifests.clear();
    for (const ImageNode& child : image.root.children) index.manifests.push_back(child.descriptor);
    if (index == image.root.index) return named;
    oci::RawManifest smaller;
    smaller.bytes = oci::to_json(index);
    smaller.descriptor = oci::describe(named.descriptor.media_type, smaller.bytes);
    return smaller;
  }

  void copy_blobs(const Recrypt& recrypt, const oci::RawManifest& root) {
    const std::vector<oci::Descriptor> blobs = recrypt.kept_blobs();
    std::vector<std::uint64_t> sizes;
    for (const oci::Descriptor& blob : blobs) sizes.push_back(blob.size);
    const WorkOrder order = largest_first(sizes);
    std::uint64_t bytes = order.bytes;
    for (std::size_t i = 0; i < recrypt.size(); ++i) bytes += recrypt.layer(i).size;
    job_.reporter.begin(root.descriptor.digest.to_string(), blobs.size() + recrypt.size(), bytes);
    const std::size_t by_connections = std::max<std::size_t>(1, environment_.registry.max_connections / 2);
    run_parallel(blobs.size(), std::min(kParallelBlobs, by_connections), cancel_,
                 [&](std::size_t i, const CancelToken& token) {
                   const oci::Descriptor& blob = blobs[order.pieces[i]];
                   with_blob_context(blob.digest, [&] { copy_blob(blob, token); });
                 });
  }

  void copy_blob(const oci::Descriptor& blob, const CancelToken& cancel) {
    if (oci::is_foreign_layer(blob.media_type) && !blob.urls.empty() && !source_.has_blob(blob, cancel)) {
      job_.reporter.event("push", blob.digest.to_string(), ProgressState::skipped, 0, blob.size, "foreign");
      return;
    }
    switch (transfer_blob(blob, source_, target_, job_, blob.digest.to_string(), cancel)) {
      case Transfer::existed:
        ++existing_;
        break;
      case Transfer::mounted:
        ++mounted_;
        break;
      case Transfer::copied:
        ++copied_;
        break;
    }
  }

  void rewrite_layers(Recrypt& recrypt) {
    run_parallel(recrypt.size(), kParallelBlobs, cancel_, [&](std::size_t i, const CancelToken& token) {
      with_layer_context(recrypt.layer(i).digest, [&] { recrypt.run(i, source_, target_, job_, token); });
      ++copied_;
    });
  }

  /// All documents but the root, which goes last, with its tag.
  void put_documents(const Recrypt::Documents& documents) {
    const hash::Digest& root = documents.root.descriptor.digest;
    const auto put = [&](const oci::RawManifest& document, const CancelToken& cancel) {
      if (document.descriptor.digest == root) return;
      with_context("write manifest " + document.descriptor.digest.short_string() + " to " + target_.name(),
                   [&] { target_.put_manifest(document, "", cancel); });
    };
    const auto& manifests = documents.manifests;
    run_parallel(manifests.size(), kParallelDocuments, cancel_,
                 [&](std::size_t i, const CancelToken& token) { put(manifests[i], token); });
    for (const oci::RawManifest& index : documents.indexes) put(index, cancel_);
  }

  const CopyRequest& request_;
  oci::Repository& source_;
  oci::Repository& target_;
  const std::string source_tag_, target_tag_;
  const Environment& environment_;
  const CancelToken cancel_;
  JobState job_;
  std::atomic<std::uint64_t> copied_{0}, existing_{0}, mounted_{0};
  CopyReport report_;
};

}  // namespace

CopyReport copy_image(const CopyRequest& request, const OpenImage& source, const OpenImage& target,
                      const Environment& environment) {
  return Copier(request, source, target, environment).run();
}

}  // namespace accel::convert
