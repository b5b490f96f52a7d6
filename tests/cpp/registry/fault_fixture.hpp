// A client and the registry in memory that fails on request.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "accel/registry/client.hpp"
#include "support/blob_content.hpp"
#include "support/fault_registry.hpp"

namespace accel::registry {

class FaultTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.docker_config_dir = "/nonexistent";
    options_.backoff_base = std::chrono::milliseconds(1);
    options_.max_attempts = 4;
    options_.response_timeout = std::chrono::milliseconds(2000);
    options_.idle_timeout = std::chrono::milliseconds(2000);
    options_.upload_chunk_bytes = 256U << 10U;
  }

  void start(testing::FaultRegistry::Behaviour behaviour = {}) {
    registry_ = std::make_unique<testing::FaultRegistry>(std::move(behaviour));
    options_.hosts[registry_->host()].plain_http = true;
    client_ = std::make_unique<Client>(options_);
    repository_ = open("app");
  }

  std::shared_ptr<oci::Repository> open(const std::string& name) {
    return client_->repository(oci::Reference::parse(registry_->host() + "/" + name));
  }

  /// Makes the content known to the registry and describes it.
  oci::Descriptor put(const Bytes& content) {
    const auto blob = testing::describe_blob(content);
    registry_->put_blob(blob.digest.to_string(), to_string(content));
    return blob;
  }

  oci::Descriptor push(const Bytes& content) {
    const auto blob = testing::describe_blob(content);
    auto writer = repository_->create_blob(0, cancel_.token());
    for (std::size_t done = 0; done < content.size(); done += 100'000) {
      writer->write(ByteView(content).subspan(done, std::min<std::size_t>(100'000, content.size() - done)));
    }
    writer->commit(blob.digest, blob.size);
    return blob;
  }

  Bytes pull(const oci::Descriptor& blob) {
    return testing::read_to_end(*repository_->open_blob(blob, cancel_.token()));
  }

  Options options_;
  CancelSource cancel_;
  std::unique_ptr<testing::FaultRegistry> registry_;
  std::unique_ptr<Client> client_;
  std::shared_ptr<oci::Repository> repository_;
};

}  // namespace accel::registry
