// A backend over a store, as the tests of both kinds of store use it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "accel/backend/backend.hpp"
#include "accel/base/cancel.hpp"
#include "support/blob_content.hpp"

namespace accel::backend {

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    options_.get_env = [](const std::string&) { return std::nullopt; };
    options_.backoff_base = std::chrono::milliseconds(1);
    options_.max_attempts = 4;
    options_.response_timeout = std::chrono::milliseconds(5000);
    options_.idle_timeout = std::chrono::milliseconds(5000);
  }

  oci::Descriptor push(BlobBackend& backend, const Bytes& content, std::uint64_t size_hint = 0) {
    const auto blob = testing::describe_blob(content);
    auto writer = backend.create_blob(size_hint, cancel_.token());
    write(*writer, content);
    writer->commit(blob.digest, blob.size);
    return blob;
  }

  static void write(io::ByteSink& sink, const Bytes& content) {
    constexpr std::size_t kPiece = 70'000;  // fits no part
    for (std::size_t done = 0; done < content.size(); done += kPiece) {
      sink.write(ByteView(content).subspan(done, std::min(kPiece, content.size() - done)));
    }
  }

  Bytes pull(BlobBackend& backend, const oci::Descriptor& blob) {
    Bytes content(blob.size);
    backend.blob_source(blob.digest, blob.size, cancel_.token())->read_at(0, content);
    return content;
  }

  Options options_;
  CancelSource cancel_;
};

}  // namespace accel::backend
