#include "accel/convert/blob_sink.hpp"

#include <utility>

#include "accel/convert/written_again.hpp"

namespace accel::convert {

BlobSink::BlobSink(std::unique_ptr<oci::BlobWriter> writer, Tally& tally,
                   std::function<void(std::uint64_t written)> on_write)
    : writer_(std::move(writer)), tally_(tally), on_write_(std::move(on_write)) {}

void BlobSink::write(ByteView bytes) {
  const BusyClock::Scope busy(&tally_.push);
  hasher_.update(bytes);
  writer_->write(bytes);
  tally_.written += bytes.size();
  tally_.uploaded += bytes.size();
  if (on_write_) on_write_(hasher_.length());
}

oci::Descriptor BlobSink::commit() {
  const BusyClock::Scope busy(&tally_.push);
  oci::Descriptor blob;
  blob.size = hasher_.length();
  blob.digest = hasher_.finish();
  writer_->commit(blob.digest, blob.size);
  return blob;
}

void put_blob(oci::Repository& repository, const oci::Descriptor& blob, ByteView bytes, Tally& tally,
              const CancelToken& cancel) {
  const BusyClock::Scope busy(&tally.push);
  if (repository.has_blob(blob, cancel)) return;
  written_again([&] {
    const auto writer = repository.create_blob(blob.size, cancel);
    writer->write(bytes);
    writer->commit(blob.digest, blob.size);
  });
  tally.written += bytes.size();
  tally.uploaded += bytes.size();
}

}  // namespace accel::convert
