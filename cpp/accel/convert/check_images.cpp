#include "accel/convert/check_images.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/base/parallel.hpp"
#include "accel/convert/config_compare.hpp"
#include "accel/convert/error_context.hpp"
#include "accel/convert/image.hpp"
#include "accel/convert/image_tree.hpp"
#include "accel/convert/layer_opener.hpp"
#include "accel/convert/limits.hpp"
#include "accel/fs/tree.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::convert {

namespace {

struct Pair {
  const ImageNode* source;
  const ImageNode* target;
};

bool same_platform(const oci::Platform& a, const oci::Platform& b) {
  return a.to_string() == b.to_string() && a.os_version == b.os_version;
}

/// Who is compared with whom; what has no partner becomes a note.
std::vector<Pair> pair_images(const Image& source, const Image& target, std::vector<std::string>& notes) {
  const auto sources = source.images();
  const auto targets = target.images();
  if (sources.size() == 1 && targets.size() == 1) return {{sources.front(), targets.front()}};
  std::vector<Pair> pairs;
  std::set<const ImageNode*> paired;
  for (const ImageNode* node : targets) {
    const auto partner = std::find_if(sources.begin(), sources.end(), [&](const ImageNode* candidate) {
      return same_platform(candidate->platform, node->platform);
    });
    if (partner == sources.end()) {
      notes.push_back("only the target has an image for " + node->platform.to_string());
    } else {
      pairs.push_back({*partner, node});
      paired.insert(*partner);
    }
  }
  for (const ImageNode* node : sources) {
    if (!paired.contains(node)) notes.push_back("only the source has an image for " + node->platform.to_string());
  }
  return pairs;
}

/// Says of which image an error is, and what can be done about it.
template <class F>
auto about(const OpenImage& image, const std::string& context, F&& work) {
  return image.is_result ? with_result_context(context, work) : with_image_context(context, work);
}

class Checker {
 public:
  Checker(const OpenImage& source, const OpenImage& target, const Environment& environment, JobState& job)
      : source_(source), target_(target), environment_(environment), job_(job) {}

  CheckReport run(const std::vector<oci::Platform>& platforms) {
    const CancelToken& cancel = environment_.cancel;
    const auto read = [&](const OpenImage& image) {
      return read_image(*image.repository, image.tag, platforms, cancel);
    };
    const Image source = about(source_, "source " + source_.reference, [&] { return read(source_); });
    const Image target = about(target_, "target " + target_.reference, [&] { return read(target_); });
    CheckReport report;
    report.source_digest = source.root.descriptor.digest.to_string();
    report.target_digest = target.root.descriptor.digest.to_string();
    const std::vector<Pair> pairs = pair_images(source, target, report.notes);
    if (pairs.empty()) {
      throw ConfigError("source " + source_.reference + " and target " + target_.reference +
                            " have no platform in common, so nothing could be compared",
                        "name the platforms that both have");
    }
    // Two trees are in memory for each pair, so platforms go one after the other; the cores are used within a pair.
    for (const Pair& pair : pairs) compare(pair, report, cancel);
    report.content_bytes = counters_.content_bytes;
    report.blobs_verified = counters_.blobs_verified;
    return report;
  }

 private:
  void compare(const Pair& pair, CheckReport& report, const CancelToken& cancel) {
    const std::string platform = pair.source->platform.to_string();
    const std::set<hash::Digest> skip = absent_in_both(pair, report, cancel);
    // What was taken over as it is is no image of plain tars.
    const bool as_tars = source_.as_tars && pair.source->descriptor.digest != pair.target->descriptor.digest;
    std::optional<fs::Tree> trees[2];
    run_parallel(2, 2, cancel, [&](std::size_t side, const CancelToken& token) {
      trees[side].emplace(side == 0 ? tree_of(source_, "source ", *pair.source, as_tars, skip, token)
                                    : tree_of(target_, "target ", *pair.target, false, skip, token));
    });
    const auto add = [&](Difference difference) {
      difference.platform = platform;
      report.differences.push_back(std::move(difference));
    };
    for (Difference& difference : compare_configs(pair.source->config_json, pair.target->config_json)) {
      add(std::move(difference));
    }
    for (fs::TreeDifference& difference : fs::compare(*trees[0], *trees[1], false)) {
      add({"", std::move(difference.path), std::move(difference.field), std::move(difference.left),
           std::move(difference.right)});
    }
    report.files += std::max(trees[0]->size(), trees[1]->size());
    counters_.blobs_verified += 2;  // the configs: their digests were checked when they were read
  }

  fs::Tree tree_of(const OpenImage& image, const std::string& side, const ImageNode& node, bool as_tars,
                   const std::set<hash::Digest>& skip, const CancelToken& cancel) {
    return about(image, side + image.reference + ": " + node.platform.to_string(), [&] {
      LayerOpener opener(*image.repository, image.toc_image, environment_.decode_limits, job_, cancel);
      opener.use_backends(image.backends);
      return build_tree(node, skip, as_tars ? TreeSource::tar : TreeSource::data, opener,
                        std::max<std::size_t>(1, worker_threads(environment_) / 2), job_, counters_, cancel);
    });
  }

  /// Foreign layers that both images only have URLs for: equal, since they are named by one digest.
  std::set<hash::Digest> absent_in_both(const Pair& pair, CheckReport& report, const CancelToken& cancel) const {
    std::set<hash::Digest> absent;
    for (const oci::Descriptor& layer : pair.source->manifest.layers) {
      if (!oci::is_foreign_layer(layer.media_type) || layer.urls.empty()) continue;
      const auto& others = pair.target->manifest.layers;
      const bool shared = std::any_of(others.begin(), others.end(),
                                      [&](const oci::Descriptor& other) { return other.digest == layer.digest; });
      if (!shared || source_.repository->has_blob(layer, cancel)) continue;
      absent.insert(layer.digest);
      report.notes.push_back("layer " + layer.digest.short_string() +
                             " was not compared: both images hold only its URLs");
    }
    return absent;
  }

  const OpenImage& source_;
  const OpenImage& target_;
  const Environment& environment_;
  JobState& job_;
  TreeCounters counters_;
};

}  // namespace

CheckReport check_images(const OpenImage& source, const OpenImage& target, const std::vector<oci::Platform>& platforms,
                         const Environment& environment, JobState& job) {
  return Checker(source, target, environment, job).run(platforms);
}

}  // namespace accel::convert
