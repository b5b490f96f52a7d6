// Copies that decrypt and encrypt layers.
#include "accel/convert/recrypt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/convert/copier.hpp"
#include "accel/store/stores.hpp"
#include "convert/image_builder.hpp"
#include "support/child_process.hpp"
#include "support/faulty_repository.hpp"
#include "support/temp_directory.hpp"

namespace accel::convert {
namespace {

using namespace testing;  // NOLINT: builders
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RecryptTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!program_exists("openssl")) GTEST_SKIP() << "openssl is not installed";
    for (const std::string name : {"anna", "bert"}) {
      const std::string key = (directory_ / name).string();
      ASSERT_EQ(run_program({"openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out",
                             key + ".pem"},
                            (directory_ / "log").string()),
                0);
      ASSERT_EQ(run_program({"openssl", "pkey", "-in", key + ".pem", "-pubout", "-out", key + ".pub"},
                            (directory_ / "log").string()),
                0);
    }
  }

  std::string private_key(const std::string& name) { return (directory_ / (name + ".pem")).string(); }
  std::string recipient(const std::string& name) { return "jwe:" + (directory_ / (name + ".pub")).string(); }

  CopyReport copy(const std::string& from, const std::string& to, const CopyRequest& request) {
    return copy_image(request, {place_, from, "place:" + from, ""}, {place_, to, "place:" + to, ""}, environment_);
  }
  CopyReport encrypt(const std::string& from, const std::string& to, std::vector<int> layers = {}) {
    CopyRequest request;
    request.encryption_keys = {recipient("anna")};
    request.encrypt_layers = std::move(layers);
    return copy(from, to, request);
  }
  CopyReport decrypt(const std::string& from, const std::string& to, const std::string& name = "anna") {
    CopyRequest request;
    request.decrypt_keys = {private_key(name)};
    return copy(from, to, request);
  }

  oci::RawManifest build_plain(unsigned count, bool docker = false) {
    std::vector<BuiltLayer> layers;
    for (unsigned i = 0; i < count; ++i) layers.push_back(build_layer(*place_, sample_tar(i + 1)));
    return build_image(*place_, "plain", "linux/amd64", layers, docker);
  }

  oci::Manifest manifest(const std::string& reference) {
    return oci::parse_manifest(place_->get_manifest(reference, {}).bytes);
  }
  oci::Index index(const std::string& reference) { return oci::parse_index(place_->get_manifest(reference, {}).bytes); }
  std::vector<bool> encrypted_layers(const std::string& reference) {
    std::vector<bool> encrypted;
    for (const auto& layer : manifest(reference).layers) encrypted.push_back(crypt::is_encrypted(layer.media_type));
    return encrypted;
  }

  std::shared_ptr<oci::Repository> place_ = store::make_memory_repository("place");
  TempDirectory directory_;
  Environment environment_;
};

TEST_F(RecryptTest, index_comes_back_byte_for_byte_after_encryption_and_decryption) {
  const auto raw = build_two_platforms(*place_, "plain");
  const CopyReport report = encrypt("plain", "locked");
  EXPECT_NE(report.digest, raw.descriptor.digest.to_string());
  EXPECT_EQ(report.digest, place_->get_manifest("locked", {}).descriptor.digest.to_string());
  for (const auto& child : index("locked").manifests) {
    const auto layers = manifest(child.digest.to_string()).layers;
    const bool is_attestation = child.annotations.contains("vnd.docker.reference.digest");
    for (const auto& layer : layers) {
      EXPECT_EQ(crypt::is_encrypted(layer.media_type), !is_attestation);
      EXPECT_TRUE(place_->has_blob(layer, {}));
    }
  }
  const auto children = index("locked").manifests;
  for (const std::size_t i : {0U, 1U}) {
    EXPECT_EQ(children[i + 2].annotations.at("vnd.docker.reference.digest"), children[i].digest.to_string());
  }
  EXPECT_EQ(decrypt("locked", "again").digest, raw.descriptor.digest.to_string());
  EXPECT_EQ(place_->get_manifest("again", {}).bytes, raw.bytes);
}

TEST_F(RecryptTest, only_the_named_layers_are_encrypted) {
  build_plain(3);
  encrypt("plain", "last", {-1});
  EXPECT_THAT(encrypted_layers("last"), ElementsAre(false, false, true));
  encrypt("plain", "two", {0, 1});
  EXPECT_THAT(encrypted_layers("two"), ElementsAre(true, true, false));
  encrypt("plain", "all");
  EXPECT_THAT(encrypted_layers("all"), ElementsAre(true, true, true));
  for (const int number : {3, -4}) {
    try {
      encrypt("plain", "none", {number});
      FAIL() << "encrypted";
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr("3 layers"));
    }
  }
}

TEST_F(RecryptTest, encrypted_image_without_keys_is_copied_as_it_is) {
  build_plain(2);
  const CopyReport locked = encrypt("plain", "locked");
  EXPECT_EQ(copy("locked", "copied", {}).digest, locked.digest);
}

TEST_F(RecryptTest, plain_image_with_keys_to_decrypt_is_copied_as_it_is) {
  const auto raw = build_plain(2);
  EXPECT_EQ(decrypt("plain", "copied").digest, raw.descriptor.digest.to_string());
}

TEST_F(RecryptTest, wrong_key_transfers_nothing_and_names_the_layer) {
  build_plain(2);
  encrypt("plain", "locked");
  const std::string layer = manifest("locked").layers.front().digest.short_string();
  try {
    decrypt("locked", "open", "bert");
    FAIL() << "decrypted";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr(layer));
    EXPECT_THAT(error.what(), HasSubstr("jwe"));
  }
  EXPECT_THROW(place_->get_manifest("open", {}), NotFound);
}

TEST_F(RecryptTest, encrypted_layers_are_encrypted_anew_only_with_their_key) {
  const auto raw = build_plain(2);
  encrypt("plain", "locked");
  CopyRequest request;
  request.encryption_keys = {recipient("bert")};
  EXPECT_THROW(copy("locked", "other", request), ConfigError);
  request.decrypt_keys = {private_key("anna")};
  copy("locked", "other", request);
  EXPECT_THROW(decrypt("other", "open", "anna"), ConfigError);
  EXPECT_EQ(decrypt("other", "open", "bert").digest, raw.descriptor.digest.to_string());
}

TEST_F(RecryptTest, changed_layer_is_refused_before_the_tag) {
  build_plain(2);
  encrypt("plain", "locked");
  oci::Manifest changed = manifest("locked");
  oci::Descriptor& layer = changed.layers.front();
  Bytes bytes(layer.size, std::byte{7});
  const auto writer = place_->create_blob(0, {});
  writer->write(bytes);
  layer.digest = hash::sha256(bytes);
  writer->commit(layer.digest, layer.size);
  const std::string text = oci::to_json(changed);
  place_->put_manifest({oci::describe(changed.media_type, text), text}, "changed", {});
  EXPECT_THROW(decrypt("changed", "open"), DigestMismatch);
  EXPECT_THROW(place_->get_manifest("open", {}), NotFound);
}

TEST_F(RecryptTest, docker_image_becomes_an_oci_image) {
  build_plain(2, true);
  EXPECT_EQ(encrypt("plain", "locked", {0}).media_type, oci::kOciManifest);
  const oci::Manifest locked = manifest("locked");
  EXPECT_EQ(locked.config.media_type, oci::kOciConfig);
  EXPECT_EQ(locked.layers.front().media_type, std::string(oci::kOciLayerGzip) + "+encrypted");
  for (const auto& layer : locked.layers) EXPECT_FALSE(oci::is_docker(layer.media_type));
}

TEST_F(RecryptTest, referrers_of_another_image_are_not_carried_along) {
  build_plain(2);
  CopyRequest request;
  request.encryption_keys = {recipient("anna")};
  request.referrers = true;
  EXPECT_THROW(copy("plain", "locked", request), ConfigError);
}

}  // namespace
}  // namespace accel::convert
