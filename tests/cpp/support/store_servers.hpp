/// Object stores that check signatures, as processes of a test on 127.0.0.1.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "support/child_process.hpp"
#include "support/temp_directory.hpp"

namespace accel::testing {

/// versitygw, an S3 server that others wrote: every object is a file. Runs until it is destroyed.
class S3Gateway {
 public:
  static constexpr const char* kKeyId = "AKIDEXAMPLE";
  static constexpr const char* kSecret = "s3cr3t/+key";
  static constexpr const char* kRegion = "eu-test-1";
  static constexpr const char* kBucket = "blobs";

  /// True when the program is in PATH or where scripts/peers puts it.
  static bool available();
  static constexpr const char* kMissing = "versitygw is not there (scripts/peers versitygw builds it; needs Go)";

  /// PEM files; "" = plain HTTP. Throws std::runtime_error with the server's log when it does not come up within 30 s.
  explicit S3Gateway(const std::string& certificate = "", const std::string& key = "");
  /// "127.0.0.1:port".
  [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// The content of an object, "" when absent.
  [[nodiscard]] std::string object(const std::string& key) const;
  /// Files of the bucket: objects, and parts of uploads that are not complete.
  [[nodiscard]] std::size_t files() const;

 private:
  TempDirectory directory_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

/// tests/support/oss_server.py: our own reading of OSS's documentation. Runs until it is destroyed.
class OssServer {
 public:
  static constexpr const char* kKeyId = "LTAIEXAMPLE";
  static constexpr const char* kSecret = "s3cr3t/+key";
  static constexpr const char* kBucket = "blobs";

  OssServer();
  [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// What it holds, as JSON: {"objects": {key: sha256}, "uploads": number, …}.
  [[nodiscard]] std::string state() const;

 private:
  TempDirectory directory_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace accel::testing
