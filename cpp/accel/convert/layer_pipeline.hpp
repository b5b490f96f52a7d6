/// One layer: read once, decoded once, and fed to every target that wants it.
///
///   source stream ─► read-ahead ─► decoder ─► read-ahead ─► diffID hash ─► tar::Reader ─┬► encoder ─► blob sink
///   (digest, size)   own thread               own thread            caller's thread     └► encoder ─► blob sink
///
/// Encoders compress on the pool and write from a thread of their own, so all stages of a layer overlap.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "accel/backend/backend.hpp"
#include "accel/base/memory_budget.hpp"
#include "accel/base/thread_pool.hpp"
#include "accel/convert/planner.hpp"
#include "accel/convert/request.hpp"
#include "accel/convert/tally.hpp"
#include "accel/formats/format.hpp"
#include "accel/oci/repository.hpp"

namespace accel::convert {

/// What one target has for one layer in the end.
struct ConvertedLayer {
  LayerAction action = LayerAction::convert;    ///< what was done: a layer that did not verify is converted, not kept
  bool cached = false;                          ///< converted at another time; it is in the target all the same
  oci::Descriptor blob;                         ///< digest and size of the converted blob
  formats::LayerResult result;                  ///< of the encoder, its side blob stored and taken out
  std::optional<oci::Descriptor> external_toc;  ///< the side blob, stored beside the layer
  std::vector<std::string> notes;
};

/// What the layers of one conversion share. The references outlive the work.
struct LayerContext {
  const Environment& environment;
  JobState& job;
  ThreadPool& pool;
  MemoryBudget& budget;
};

/// Where the converted layer of one target goes.
struct LayerTarget {
  const PlannedTarget* plan = nullptr;
  oci::Repository* repository = nullptr;
  /// Where converted layers go instead, if not null.
  backend::BlobBackend* backend = nullptr;
};

/// Converts `layer` for each of `targets` (all those whose action is `convert`), whose blobs are then in their
/// repositories or backends. Verifies digest, size and diffID of the source. A target whose encoder asks for it
/// (RestartStaged) is fed again from a second read of the source. Returns one result a target, in their order.
///
/// Throws FormatError, DigestMismatch, UnsupportedError for the source's bytes, RegistryError, StoreError, Cancelled;
/// then no blob of this layer has been committed, unless the failure was in the second read or in another commit.
std::vector<ConvertedLayer> convert_layer(const PlannedLayer& layer, oci::Repository& source,
                                          const std::vector<LayerTarget>& targets, const LayerContext& context,
                                          const CancelToken& cancel);

}  // namespace accel::convert
