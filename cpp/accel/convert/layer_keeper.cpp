#include "accel/convert/layer_keeper.hpp"

#include "accel/base/error.hpp"
#include "accel/convert/blob_transfer.hpp"

namespace accel::convert {

namespace {

/// Why the layer cannot be kept; "" when it can.
std::string find_fault(const PlannedLayer& layer, LayerOpener& opener, const CancelToken& cancel) {
  try {
    const auto reader = opener.open_converted(layer.source);
    if (!reader) return "it is an ordinary layer";
    formats::IgnoreEntries ignore;
    reader->verify(ignore, layer.diff_id, cancel);
    return {};
  } catch (const FormatError& error) {
    return error.message();
  } catch (const DigestMismatch& error) {
    return error.message();
  }
}

}  // namespace

ConvertedLayer try_keep_layer(const PlannedLayer& layer, oci::Repository& source, const LayerTarget& target,
                              LayerOpener& opener, JobState& job, const CancelToken& cancel) {
  ConvertedLayer result;
  const std::string fault = find_fault(layer, opener, cancel);
  if (!fault.empty()) {
    result.notes.push_back("is marked as " + target.plan->driver +
                           " but does not verify and is converted anew: " + fault);
    return result;
  }
  result.action = LayerAction::keep;
  result.blob = layer.source;
  result.external_toc = opener.used_external_toc(layer.source);
  if (result.external_toc) {
    const std::string id = result.external_toc->digest.to_string() + "@" + target.plan->driver;
    transfer_blob(*result.external_toc, source, *target.repository, job, id, cancel);
  }
  return result;
}

}  // namespace accel::convert
