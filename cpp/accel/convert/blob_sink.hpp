/// The end of an encoder: hashes and counts what it writes and hands it to a repository.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "accel/convert/tally.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/sink.hpp"
#include "accel/oci/descriptor.hpp"
#include "accel/oci/repository.hpp"

namespace accel::convert {

/// Writes one new blob. Destroying it before `commit` leaves nothing in the repository.
class BlobSink final : public io::ByteSink {
 public:
  /// `on_write` is told the bytes written so far, from the writing thread.
  BlobSink(std::unique_ptr<oci::BlobWriter> writer, Tally& tally,
           std::function<void(std::uint64_t written)> on_write = {});

  void write(ByteView bytes) override;
  [[nodiscard]] const hash::Hasher* hasher() const noexcept override { return &hasher_; }
  /// Ends the blob: returns its digest and size, with no media type yet. Nothing may be written after it.
  oci::Descriptor commit();

 private:
  std::unique_ptr<oci::BlobWriter> writer_;
  Tally& tally_;
  const std::function<void(std::uint64_t)> on_write_;
  hash::Hasher hasher_;
};

/// Stores `bytes`, which `blob` describes, unless the repository has them.
void put_blob(oci::Repository& repository, const oci::Descriptor& blob, ByteView bytes, Tally& tally,
              const CancelToken& cancel);

}  // namespace accel::convert
