#include "accel/convert/decoded_layer.hpp"

#include <array>
#include <string>
#include <utility>

#include "accel/base/error.hpp"

namespace accel::convert {

DecodedLayer::DecodedLayer(const oci::Descriptor& layer, oci::Repository& source, const codec::DecodeLimits& limits,
                           JobState& job, CancelSource& stop, codec::BoundaryConsumers consumers)
    : stop_(stop), blob_(source.open_blob(layer, stop.token())) {
  Tally& tally = job.tally;
  const Reporter& reporter = job.reporter;
  const std::string id = layer.digest.to_string();
  ReadAheadOptions options;
  options.busy = &tally.pull;
  options.consumer = &tally.convert;
  options.on_read = [&tally, &reporter, id, size = layer.size, done = std::uint64_t{0}](std::size_t bytes) mutable {
    tally.read += bytes;
    done += bytes;
    reporter.event("pull", id, done == size ? ProgressState::done : ProgressState::running, done, size);
  };
  reporter.event("pull", id, ProgressState::started, 0, layer.size);
  compressed_.emplace(*blob_, std::move(options), stop.token());
  try {
    compression_ = codec::detect(compressed_->peek());
    if (compression_ == codec::Compression::none) return;
    decoder_ = compression_ == codec::Compression::gzip && !consumers.empty()
                   ? codec::make_indexing_decoder(*compressed_, std::move(consumers), limits)
                   : codec::make_decoder(compression_, *compressed_, limits);
    plain_.emplace(*decoder_, ReadAheadOptions{}, stop.token());
  } catch (...) {
    stop.cancel();
    throw;
  }
}

DecodedLayer::~DecodedLayer() {
  // The reading threads may wait for the network or for us: both end by this. After the end they are gone anyway.
  stop_.cancel();
}

std::size_t DecodedLayer::read(MutableByteView out) {
  const std::size_t count = plain_ ? plain_->read(out) : compressed_->read(out);
  hasher_.update(out.first(count));
  size_ += count;
  return count;
}

void DecodedLayer::verify(const hash::Digest& diff_id) {
  std::array<std::byte, 4096> rest;
  while (read(rest) > 0) {
  }
  compressed_->drain();  // the blob's own check comes with its last byte, which a decoder may leave unread
  const hash::Digest actual = hasher_.finish();
  if (!diff_id.empty() && actual != diff_id) {
    throw DigestMismatch("uncompressed layer (diffID of the config)", diff_id.to_string(), actual.to_string(), size_,
                         "the config belongs to another layer; build the image again and push it");
  }
}

void DecodedLayer::rethrow_cause() {
  plain_.reset();
  decoder_.reset();
  compressed_->drain();
}

}  // namespace accel::convert
