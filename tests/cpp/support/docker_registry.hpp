/// Debian's docker-registry as a process of a test: a real registry on 127.0.0.1 with a store of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "support/child_process.hpp"

namespace accel::testing {

/// Runs until it is destroyed.
class DockerRegistry {
 public:
  struct Setup {
    std::string tls_certificate = {}, tls_key = {};  ///< PEM files; "" = plain HTTP
    std::string client_ca = {};                      ///< PEM file: only clients with its certificates are let in
    std::string auth = {};                           ///< the configuration's `auth:` block, indented by two; "" = none
  };

  /// True when the program is installed. Tests that need it say GTEST_SKIP() with `kMissing` when it is not.
  static bool available();
  static constexpr const char* kMissing = "docker-registry is not installed (apt-get install docker-registry)";

  /// Throws std::runtime_error with the registry's log when it does not come up within 30 s.
  explicit DockerRegistry(Setup setup);
  DockerRegistry() : DockerRegistry(Setup{}) {}
  ~DockerRegistry();

  /// "127.0.0.1:port".
  [[nodiscard]] std::string host() const;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// The registry's log so far.
  [[nodiscard]] std::string log() const;
  /// Where its files are.
  [[nodiscard]] const std::string& directory() const { return directory_; }

 private:
  bool start(const Setup& setup);

  std::string directory_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace accel::testing
