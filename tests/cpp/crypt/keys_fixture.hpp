// Keys and certificates of a test, made by the openssl program.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/child_process.hpp"
#include "support/temp_directory.hpp"

namespace accel::crypt {

class KeysTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::program_exists("openssl")) GTEST_SKIP() << "openssl is not installed";
  }

  std::string path(const std::string& name) const { return (directory_ / name).string(); }

  void openssl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "openssl");
    ASSERT_EQ(testing::run_program(arguments, path("log")), 0) << directory_.read("log");
  }

  /// NAME.pem (private, PKCS #8) and NAME.pub. `type` is "rsa" or a curve.
  std::string make_key(const std::string& name, const std::string& type = "rsa") {
    if (type == "rsa") {
      openssl({"genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", path(name + ".pem")});
    } else {
      openssl({"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + type, "-out", path(name + ".pem")});
    }
    openssl({"pkey", "-in", path(name + ".pem"), "-pubout", "-out", path(name + ".pub")});
    return path(name + ".pem");
  }

  /// NAME.crt for the key of `make_key`.
  std::string make_certificate(const std::string& name) {
    openssl({"req", "-x509", "-new", "-key", path(name + ".pem"), "-subj", "/CN=" + name, "-days", "2", "-out",
             path(name + ".crt")});
    return path(name + ".crt");
  }

  testing::TempDirectory directory_;
};

}  // namespace accel::crypt
