#include "accel/convert/planner.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/convert/error_context.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::convert {

namespace {

bool has_docker_types(const ImageNode& node) {
  return oci::is_docker(node.descriptor.media_type) || oci::is_docker(node.manifest.config.media_type) ||
         std::any_of(node.manifest.layers.begin(), node.manifest.layers.end(),
                     [](const oci::Descriptor& layer) { return oci::is_docker(layer.media_type); }) ||
         std::any_of(node.children.begin(), node.children.end(), has_docker_types);
}

PlannedTarget plan_target(const TargetRequest& wanted, std::shared_ptr<const formats::Format> format,
                          const ConvertRequest& request, bool source_is_docker) {
  PlannedTarget target;
  target.driver = wanted.driver;
  target.format = std::move(format);
  const bool implied = target.format->capabilities().needs_oci || request.harbor_annotation;
  const bool wanted_oci = request.docker_to_oci || target.format->image_options().docker_to_oci;
  target.to_oci = wanted_oci || implied;
  if (source_is_docker && implied && !wanted_oci) {
    target.notes.push_back("docker2oci is implied: " + target.driver +
                           (target.format->capabilities().needs_oci ? " needs" : " with Harbor's annotations needs") +
                           " annotations, which Docker manifests cannot hold; the result has OCI media types");
  }
  return target;
}

class LayerPlanner {
 public:
  LayerPlanner(Plan& plan, oci::Repository& source, const CancelToken& cancel)
      : plan_(plan), source_(source), cancel_(cancel) {}

  void add_image(const ImageNode& image) {
    const std::string platform = image.platform.to_string();
    taken_over_whole_.clear();
    for (const PlannedTarget& target : plan_.targets) taken_over_whole_.push_back(is_converted_whole(image, target));
    with_context(platform, [&] {
      for (std::size_t i = 0; i < image.manifest.layers.size(); ++i) {
        const oci::Descriptor& layer = image.manifest.layers[i];
        with_layer_context(layer.digest, [&] { add_layer(layer, image.config.diff_ids[i], platform); });
      }
    });
  }

 private:
  void add_layer(const oci::Descriptor& layer, const hash::Digest& diff_id, const std::string& platform) {
    const auto [claim, first] = diff_ids_.emplace(layer.digest, diff_id);
    if (claim->second != diff_id) {
      throw FormatError("the configs give it two diffIDs, " + claim->second.to_string() + " and " +
                        diff_id.to_string());
    }
    const auto [found, fresh] = plan_.index.emplace(key_of(layer), plan_.layers.size());
    if (!fresh) {
      std::string& platforms = plan_.layers[found->second].platforms;
      if (last_platform_[found->second] != platform) platforms += ", " + platform;
      last_platform_[found->second] = platform;
      return;
    }
    PlannedLayer planned{layer, diff_id, platform, {}};
    const bool absent =
        oci::is_foreign_layer(layer.media_type) && !layer.urls.empty() && !source_.has_blob(layer, cancel_);
    for (std::size_t t = 0; t < plan_.targets.size(); ++t) {
      planned.actions.push_back(action(layer, plan_.targets[t], absent, taken_over_whole_[t]));
    }
    plan_.layers.push_back(std::move(planned));
    last_platform_.push_back(platform);
  }

  /// Formats with a layer for the image as a whole take over whole images or none of their layers.
  static bool is_converted_whole(const ImageNode& image, const PlannedTarget& target) {
    const auto& layers = image.manifest.layers;
    return target.format->capabilities().image_layer && !layers.empty() &&
           std::all_of(layers.begin(), layers.end(),
                       [&](const oci::Descriptor& layer) { return target.format->is_converted(layer); });
  }

  static LayerAction action(const oci::Descriptor& layer, PlannedTarget& target, bool absent, bool taken_over_whole) {
    if (taken_over_whole) return LayerAction::keep;
    if (!oci::is_layer(layer.media_type)) {
      throw UnsupportedError("its media type '" + layer.media_type + "' is no layer that can be converted",
                             "OCI and Docker tar layers are, plain or with gzip or zstd");
    }
    if (absent && target.format->capabilities().image_layer) {
      throw UnsupportedError(
          "it is foreign and the source holds only its URLs, but " + target.driver + " needs the files of all layers",
          "copy the image with all its layers first");
    }
    if (absent) {
      target.notes.push_back("layer " + layer.digest.short_string() +
                             " stays as it is: it is foreign and the source holds only its URLs");
      return LayerAction::leave;
    }
    const oci::Descriptor seen = as_target(layer, target.to_oci);
    if (!target.format->capabilities().image_layer && target.format->is_converted(seen)) return LayerAction::keep;
    static_cast<void>(target.format->layer_media_type(seen.media_type));  // throws when it cannot be converted
    return LayerAction::convert;
  }

  Plan& plan_;
  oci::Repository& source_;
  const CancelToken& cancel_;
  std::map<hash::Digest, hash::Digest> diff_ids_;
  std::vector<bool> taken_over_whole_;      // by target, of the image being added
  std::vector<std::string> last_platform_;  // by planned layer
};

}  // namespace

LayerKey key_of(const oci::Descriptor& layer) { return {layer.digest, layer.media_type}; }

oci::Descriptor as_target(const oci::Descriptor& layer, bool to_oci) {
  oci::Descriptor seen = layer;
  if (to_oci) seen.media_type = oci::docker_to_oci(layer.media_type);
  return seen;
}

Plan make_plan(const Image& image, const ConvertRequest& request,
               const std::vector<std::shared_ptr<const formats::Format>>& formats, oci::Repository& source,
               const CancelToken& cancel) {
  Plan plan;
  const bool source_is_docker = has_docker_types(image.root);
  for (std::size_t i = 0; i < formats.size(); ++i) {
    plan.targets.push_back(plan_target(request.targets[i], formats[i], request, source_is_docker));
  }
  LayerPlanner planner(plan, source, cancel);
  for (const ImageNode* node : image.images()) planner.add_image(*node);
  return plan;
}

}  // namespace accel::convert
