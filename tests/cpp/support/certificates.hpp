/// Certificates for tests, made by the openssl program.
#pragma once

#include <filesystem>
#include <string>

namespace accel::testing {

/// An authority of its own in `directory`.
class CertificateAuthority {
 public:
  /// Throws std::runtime_error with openssl's words when it fails.
  explicit CertificateAuthority(std::filesystem::path directory, const std::string& name = "ca");

  struct Issued {
    std::string certificate, key;  ///< PEM files
  };
  /// A certificate for `subject_alt_name`, in openssl's words: "DNS:registry.test" or "IP:127.0.0.1". `key_type` is
  /// "ec" or "rsa".
  Issued issue(const std::string& name, const std::string& subject_alt_name, const std::string& key_type = "ec");
  /// PEM.
  [[nodiscard]] const std::string& certificate() const { return self_.certificate; }

  static constexpr const char* kMissing = "openssl is not installed (apt-get install openssl)";
  static bool available();

 private:
  void run(const std::string& arguments);

  std::filesystem::path directory_;
  Issued self_;
};

}  // namespace accel::testing
