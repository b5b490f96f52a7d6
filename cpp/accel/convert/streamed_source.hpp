/// Random access to a blob for a reader that mostly goes front to back.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "accel/base/cancel.hpp"
#include "accel/convert/read_ahead.hpp"
#include "accel/convert/tally.hpp"
#include "accel/io/source.hpp"
#include "accel/oci/descriptor.hpp"
#include "accel/oci/repository.hpp"

namespace accel::convert {

/// A blob as a source: reads that follow each other come from one verified stream that runs ahead on a thread of its
/// own, all others from single range requests. A format's reader looks at the end of a blob first and then goes
/// through it, so a whole pass costs a registry a handful of requests.
class StreamedSource final : public io::ByteSource {
 public:
  /// `repository` and `job` must outlive it. Reading blocks until `cancel` at most. A pass is reported as `kind`.
  StreamedSource(oci::Repository& repository, const oci::Descriptor& blob, JobState& job, const CancelToken& cancel,
                 std::string_view kind = "check");
  ~StreamedSource() override;

  [[nodiscard]] std::uint64_t size() const override { return blob_.size; }
  /// Throws DigestMismatch when a pass has reached the end of wrong bytes.
  void read_at(std::uint64_t offset, MutableByteView out) override;

 private:
  bool read_streamed(std::uint64_t offset, MutableByteView out);
  void start();
  void next_block();
  void read_range(std::uint64_t offset, MutableByteView out);

  oci::Repository& repository_;
  const oci::Descriptor blob_;
  JobState& job_;
  const std::string kind_;
  CancelSource stop_;
  std::mutex stream_mutex_, ranges_mutex_;
  std::unique_ptr<io::ByteSource> ranges_;
  std::unique_ptr<io::ByteStream> stream_;
  std::optional<ReadAhead> ahead_;
  std::uint64_t block_start_ = 0;  // offset of block_ in the blob
  ByteView block_;                 // the stream's current block: may be read again, also backwards
};

}  // namespace accel::convert
