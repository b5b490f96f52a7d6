#include "accel/convert/image_tree.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "accel/base/bounded_queue.hpp"
#include "accel/base/error.hpp"
#include "accel/base/parallel.hpp"
#include "accel/convert/error_context.hpp"

namespace accel::convert {

namespace {

constexpr std::size_t kBatch = 128;        // entries handed over at a time, so that the queue costs nothing
constexpr std::size_t kBatchesAhead = 16;  // of one layer

struct SeenEntry {
  tar::Entry entry;
  hash::Digest content;
};
using Batch = std::vector<SeenEntry>;
using Queue = BoundedQueue<Batch>;

/// Sends what a reader reports to the thread that builds the tree.
class Sender final : public formats::LayerVisitor {
 public:
  Sender(Queue& queue, TreeCounters& counters, const CancelToken& cancel)
      : queue_(queue), counters_(counters), cancel_(cancel) {}

  void entry(const tar::Entry& entry, const hash::Digest& content) override {
    if (entry.type == tar::EntryType::regular) counters_.content_bytes += entry.size;
    batch_.push_back({entry, content});
    if (batch_.size() >= kBatch) flush();
  }
  void flush() {
    // False means that the tree has failed and nobody reads on: its error is the one that counts.
    if (!queue_.push(std::exchange(batch_, {}), cancel_)) throw Cancelled();
  }

 private:
  Queue& queue_;
  TreeCounters& counters_;
  const CancelToken& cancel_;
  Batch batch_;
};

struct TreeLayer {
  const oci::Descriptor* descriptor;
  const hash::Digest* diff_id;
  Queue queue{kBatchesAhead};
};

void read_layer(TreeLayer& layer, TreeSource from, LayerOpener& opener, JobState& job, TreeCounters& counters,
                const CancelToken& cancel) {
  const std::string id = layer.descriptor->digest.to_string();
  job.reporter.event("check", id, ProgressState::started, 0, layer.descriptor->size);
  Sender sender(layer.queue, counters, cancel);
  const auto reader = from == TreeSource::tar ? opener.open_tar(*layer.descriptor) : opener.open(*layer.descriptor);
  if (from == TreeSource::metadata) {
    reader->list(sender);
  } else {
    reader->verify(sender, *layer.diff_id, cancel);
  }
  sender.flush();
  layer.queue.close();
  ++counters.blobs_verified;
  job.reporter.event("check", id, ProgressState::done, layer.descriptor->size, layer.descriptor->size);
}

void add_entries(fs::Tree& tree, const Batch& batch, const hash::Digest& layer) {
  with_layer_context(layer, [&] {
    for (const SeenEntry& seen : batch) tree.add(seen.entry, seen.content);
  });
}

/// Puts what the reader of a whole image reports into the tree: it is one layer, already merged.
class TreeFiller final : public formats::LayerVisitor {
 public:
  TreeFiller(fs::Tree& tree, TreeCounters& counters) : tree_(tree), counters_(counters) {}

  void entry(const tar::Entry& entry, const hash::Digest& content) override {
    if (entry.type == tar::EntryType::regular) counters_.content_bytes += entry.size;
    tree_.add(entry, content);
  }

 private:
  fs::Tree& tree_;
  TreeCounters& counters_;
};

fs::Tree read_whole_image(formats::LayerReader& reader, const ImageNode& image, TreeSource from, JobState& job,
                          TreeCounters& counters, const CancelToken& cancel) {
  const std::string id = image.descriptor.digest.to_string();
  std::uint64_t size = 0;
  for (const oci::Descriptor& layer : image.manifest.layers) size += layer.size;
  job.reporter.event("check", id, ProgressState::started, 0, size);
  fs::Tree tree;
  TreeFiller filler(tree, counters);
  tree.begin_layer();
  if (from == TreeSource::metadata) {
    reader.list(filler);
  } else {
    reader.verify(filler, image.config.diff_ids.back(), cancel);
  }
  tree.end_layer();
  counters.blobs_verified += image.manifest.layers.size();
  job.reporter.event("check", id, ProgressState::done, size, size);
  return tree;
}

}  // namespace

fs::Tree build_tree(const ImageNode& image, const std::set<hash::Digest>& skip, TreeSource from, LayerOpener& opener,
                    std::size_t threads, JobState& job, TreeCounters& counters, const CancelToken& cancel) {
  if (from != TreeSource::tar) {
    if (const auto reader = opener.open_image(image.manifest.layers)) {
      return read_whole_image(*reader, image, from, job, counters, cancel);
    }
  }
  std::vector<std::unique_ptr<TreeLayer>> layers;
  for (std::size_t i = 0; i < image.manifest.layers.size(); ++i) {
    const oci::Descriptor& layer = image.manifest.layers[i];
    if (skip.contains(layer.digest)) continue;
    layers.push_back(std::make_unique<TreeLayer>());
    layers.back()->descriptor = &layer;
    layers.back()->diff_id = &image.config.diff_ids[i];
  }
  CancelSource stop(cancel);
  const CancelToken token = stop.token();
  std::exception_ptr failure;
  fs::Tree tree;
  // Readers start base first, which is the order the tree takes them in: the one it waits for is always under way.
  std::jthread readers([&] {
    try {
      run_parallel(layers.size(), threads, token, [&](std::size_t i, const CancelToken& group) {
        with_layer_context(layers[i]->descriptor->digest,
                           [&] { read_layer(*layers[i], from, opener, job, counters, group); });
      });
    } catch (...) {
      failure = std::current_exception();
      stop.cancel();
    }
  });
  try {
    for (const auto& layer : layers) {
      tree.begin_layer();
      while (const auto batch = layer->queue.pop(token)) add_entries(tree, *batch, layer->descriptor->digest);
      with_layer_context(layer->descriptor->digest, [&] { tree.end_layer(); });
    }
  } catch (const Cancelled&) {
    readers.join();
    if (failure) std::rethrow_exception(failure);
    throw;
  } catch (...) {
    stop.cancel();
    throw;
  }
  return tree;
}

}  // namespace accel::convert
