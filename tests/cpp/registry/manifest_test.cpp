#include "accel/registry/manifest.hpp"

#include "accel/base/error.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"
#include "accel/registry/referrer.hpp"
#include "registry/fault_fixture.hpp"

namespace accel::registry {
namespace {

const std::string kText = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
                          R"("config":{"mediaType":"application/vnd.oci.image.config.v1+json",)"
                          R"("digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",)"
                          R"("size":2},"layers":[]})";
const std::string kDigest = hash::sha256(as_bytes(kText)).to_string();
const std::string kOtherDigest = hash::sha256(as_bytes("other")).to_string();

class ManifestTest : public FaultTest {
 protected:
  oci::RawManifest get(const std::string& reference) { return repository_->get_manifest(reference, cancel_.token()); }

  static oci::RawManifest referrer_of(const std::string& subject, const std::string& note) {
    oci::Manifest manifest = oci::parse_manifest(kText);
    manifest.annotations["note"] = note;
    manifest.subject =
        oci::Descriptor{std::string(oci::kOciManifest), hash::Digest::parse(subject), 1, {}, {}, {}, {}, {}};
    oci::RawManifest raw;
    raw.bytes = oci::to_json(manifest);
    raw.descriptor = oci::describe(oci::kOciManifest, raw.bytes);
    return raw;
  }
};

TEST_F(ManifestTest, every_accepted_type_is_asked_for) {
  start();
  registry_->put_manifest("v1", std::string(oci::kOciManifest), kText);
  EXPECT_EQ(get("v1").descriptor.digest.to_string(), kDigest);
  const auto accept = registry_->requests().back().header("accept");
  for (const auto type : {oci::kOciManifest, oci::kOciIndex, oci::kDockerManifest, oci::kDockerManifestList}) {
    EXPECT_NE(accept.find(type), std::string::npos) << type;
  }
}

TEST_F(ManifestTest, content_that_is_not_what_was_asked_for_or_announced_is_a_mismatch) {
  start();
  registry_->put_manifest(kOtherDigest, std::string(oci::kOciManifest), kText);
  EXPECT_THROW(get(kOtherDigest), DigestMismatch);
  registry_->script({"GET", "/manifests/v1", {200, {{"Docker-Content-Digest", kOtherDigest}}, kText}});
  EXPECT_THROW(get("v1"), DigestMismatch);
}

TEST_F(ManifestTest, the_media_type_is_found_in_the_document_when_the_header_does_not_say) {
  start();
  for (const char* type : {"", "application/json", "text/plain; charset=utf-8"}) {
    registry_->put_manifest("v1", type, kText);
    EXPECT_EQ(get("v1").descriptor.media_type, oci::kOciManifest) << type;
  }
  registry_->put_manifest("v1", "application/vnd.oci.image.manifest.v1+json; charset=utf-8", kText);
  EXPECT_EQ(get("v1").descriptor.media_type, oci::kOciManifest);
}

TEST_F(ManifestTest, documents_above_16_mib_are_refused) {
  start();
  registry_->put_manifest("v1", std::string(oci::kOciManifest), std::string(17U << 20U, ' '));
  EXPECT_THROW(get("v1"), FormatError);
}

TEST_F(ManifestTest, a_truncated_manifest_is_fetched_again) {
  start();
  registry_->put_manifest("v1", std::string(oci::kOciManifest), kText);
  testing::HttpReply broken{200, {}, kText};
  broken.cut_after = 10;
  registry_->script({"GET", "/manifests/v1", broken});
  EXPECT_EQ(get("v1").bytes, kText);
}

TEST_F(ManifestTest, stat_asks_with_get_where_head_says_too_little) {
  start();
  registry_->put_manifest("v1", std::string(oci::kOciManifest), kText);
  const auto strip = [](const testing::HttpRequest&, testing::HttpReply& reply) { reply.headers.clear(); };
  registry_->script({"HEAD", "/manifests/v1", {}, 1, {}, false, false, strip});
  const auto found = repository_->stat_manifest("v1", cancel_.token());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->digest.to_string(), kDigest);
  EXPECT_EQ(registry_->count("GET", "/manifests/v1"), 1);
  registry_->script({"HEAD", "/manifests/v1", {405, {}, ""}});
  EXPECT_EQ(repository_->stat_manifest("v1", cancel_.token()), found);
  EXPECT_EQ(repository_->stat_manifest("v1", cancel_.token()), found);
  EXPECT_EQ(registry_->count("GET", "/manifests/v1"), 2);
}

TEST_F(ManifestTest, a_registry_that_stored_something_else_is_a_mismatch) {
  start();
  registry_->script({"PUT", "/manifests/", {201, {{"Docker-Content-Digest", kOtherDigest}}, ""}});
  oci::RawManifest manifest{oci::describe(oci::kOciManifest, kText), kText};
  try {
    repository_->put_manifest(manifest, "v1", cancel_.token());
    FAIL();
  } catch (const DigestMismatch& error) {
    EXPECT_NE(error.hint().find("changes what is sent"), std::string::npos) << error.what();
  }
}

TEST_F(ManifestTest, a_manifest_that_the_registry_does_not_believe_yet_is_sent_again) {
  start();
  const auto refusal = [](const std::string& code) {
    return testing::HttpReply{400, {}, R"({"errors":[{"code":")" + code + R"("}]})"};
  };
  registry_->script({"PUT", "/manifests/v1", refusal("DIGEST_INVALID")});
  registry_->script({"PUT", "/manifests/v1", refusal("MANIFEST_BLOB_UNKNOWN")});
  const oci::RawManifest manifest{oci::describe(oci::kOciManifest, kText), kText};
  repository_->put_manifest(manifest, "v1", cancel_.token());
  EXPECT_EQ(get("v1").bytes, kText);
  registry_->script({"PUT", "/manifests/v2", refusal("MANIFEST_INVALID")});
  EXPECT_THROW(repository_->put_manifest(manifest, "v2", cancel_.token()), RegistryError);
  EXPECT_EQ(registry_->count("PUT", "/manifests/v2"), 1);
}

TEST_F(ManifestTest, a_registry_with_the_referrers_api_gets_no_fallback_tag) {
  start({.referrers_api = true});
  repository_->put_manifest(referrer_of(kDigest, "a"), "", cancel_.token());
  EXPECT_EQ(registry_->count("PUT", "/manifests/sha256-"), 0);
  EXPECT_TRUE(repository_->list_referrers(hash::Digest::parse(kDigest), cancel_.token()).empty());
  EXPECT_EQ(registry_->count("GET", "/manifests/sha256-"), 0);
}

TEST_F(ManifestTest, another_writers_entry_in_the_fallback_tag_survives) {
  start();
  const auto subject = hash::Digest::parse(kDigest);
  const auto ours = referrer_of(kDigest, "ours");
  const auto theirs = referrer_of(kDigest, "theirs");
  // Between our write and our look back, the other writer replaces the tag with an index that has only its own entry.
  oci::Index index;
  index.media_type = oci::kOciIndex;
  index.manifests.push_back(theirs.descriptor);
  const std::string text = oci::to_json(index);
  registry_->script({"PUT", "/manifests/sha256-", {201, {}, ""}});
  registry_->script({"GET", "/manifests/sha256-", {404, {}, ""}});
  registry_->put_manifest(fallback_tag(subject), std::string(oci::kOciIndex), text);
  repository_->put_manifest(ours, "", cancel_.token());
  const auto found = repository_->list_referrers(subject, cancel_.token());
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].digest, theirs.descriptor.digest);
  EXPECT_EQ(found[1].digest, ours.descriptor.digest);
}

TEST_F(ManifestTest, referrers_of_several_pages_are_put_together) {
  start();
  const auto page = [](const std::string& digest) {
    return R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":)"
           R"("application/vnd.oci.image.manifest.v1+json","digest":")" +
           digest + R"(","size":1}]})";
  };
  const std::string type(oci::kOciIndex);
  registry_->script(
      {"GET", "/referrers/", {200, {{"Content-Type", type}, {"Link", "<?page=2>; rel=next"}}, page(kDigest)}});
  registry_->script({"GET", "page=2", {200, {{"Content-Type", type}}, page(kOtherDigest)}});
  EXPECT_EQ(repository_->list_referrers(hash::Digest::parse(kDigest), cancel_.token()).size(), 2U);
}

TEST(FallbackTag, long_digests_are_cut_to_the_length_of_a_tag) {
  EXPECT_EQ(fallback_tag(hash::Digest::parse(kDigest)), "sha256-" + kDigest.substr(7));
  const std::string hex(128, 'a');
  EXPECT_EQ(fallback_tag(hash::Digest::parse("sha512:" + hex)), "sha512-" + hex.substr(0, 64));
}

}  // namespace
}  // namespace accel::registry
