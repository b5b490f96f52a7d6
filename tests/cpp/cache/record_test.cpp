#include "accel/cache/record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "accel/base/error.hpp"
#include "cache/cache_builder.hpp"

namespace accel::cache {
namespace {

using namespace testing;  // NOLINT: builders
using ::testing::HasSubstr;

LayerRecord full_record() {
  LayerRecord record = make_record("a", "estargz/1 level=6", 7);
  record.diff_id = digest_of("diff");
  record.part_bytes = 5;
  record.drop_annotations = {"stale", "old.*"};
  record.twin_annotations = {{"twin", "\"quoted\""}};
  record.refers_to_source = true;
  record.external_toc = oci::describe("", "toc");
  return record;
}

TEST(LayerRecord, everything_survives_a_round_trip) {
  for (const bool for_reference : {false, true}) {
    EXPECT_EQ(parse_record(to_descriptor(full_record(), for_reference)), full_record());
  }
  EXPECT_EQ(parse_record(to_descriptor(make_record("b"), true)), make_record("b"));
}

TEST(LayerRecord, reference_finds_it_by_its_own_annotation_only_if_it_shall) {
  EXPECT_EQ(to_descriptor(full_record(), true).annotations.at(std::string(kSourceDigestKey)),
            digest_of("source a").to_string());
  EXPECT_FALSE(to_descriptor(full_record(), false).annotations.contains(std::string(kSourceDigestKey)));
}

TEST(LayerRecord, record_of_the_reference_is_kept_as_it_is_but_not_usable) {
  oci::Descriptor layer = reference_layer("a");
  layer.annotations["other"] = "kept";
  const LayerRecord record = parse_record(layer);
  EXPECT_FALSE(record.is_usable());
  EXPECT_EQ(record.key.source, digest_of("source a"));
  EXPECT_EQ(to_descriptor(record, true), layer);
}

struct Damage {
  const char* what;
  std::function<void(oci::Descriptor&)> make;
  const char* message;
};

TEST(LayerRecord, damaged_ones_are_refused_and_say_why) {
  const auto set = [](std::string_view key, std::string value) {
    return [key, value](oci::Descriptor& layer) { layer.annotations[std::string(key)] = value; };
  };
  const auto drop = [](std::string_view key) {
    return [key](oci::Descriptor& layer) { layer.annotations.erase(std::string(key)); };
  };
  const std::string good = to_descriptor(full_record(), true).annotations.at(std::string(kLayerKey));
  const std::vector<Damage> damages = {
      {"no source", drop(kSourceKey), "is missing"},
      {"bad source", set(kSourceKey, "sha256:12"), "is no digest"},
      {"two sources", set(kSourceDigestKey, digest_of("other").to_string()), "different layers"},
      {"malformed reference source", set(kSourceDigestKey, "md5:0"), "is no digest"},
      {"bad fingerprint", set(kFingerprintKey, "x"), "is no digest"},
      {"no format", drop(kFormatKey), "is missing"},
      {"no use", drop(kLastUseKey), "is missing"},
      {"negative use", set(kLastUseKey, "-1"), "is no number"},
      {"use with rest", set(kLastUseKey, "1x"), "is no number"},
      {"no layer", drop(kLayerKey), "is missing"},
      {"no JSON", set(kLayerKey, "{"), ""},
      {"no object", set(kLayerKey, "[]"), ""},
      {"no diffIDs", set(kLayerKey, "{}"), "lacks a diffID"},
      {"member of a later version", set(kLayerKey, good.substr(0, good.size() - 1) + ",\"new\":1}"), "not known"},
      {"part larger than the blob",
       set(kLayerKey, R"({"diff_id":")" + digest_of("d").to_string() + R"(","source_diff_id":")" +
                          digest_of("d").to_string() + R"(","part_bytes":9999})"),
       "larger than the blob"},
      {"long JSON", set(kLayerKey, std::string(1U << 20U, ' ') + good), ""}};
  for (const Damage& damage : damages) {
    oci::Descriptor layer = to_descriptor(full_record(), true);
    damage.make(layer);
    try {
      parse_record(layer);
      ADD_FAILURE() << damage.what;
    } catch (const FormatError& error) {
      EXPECT_THAT(error.what(), HasSubstr(damage.message)) << damage.what;
    }
  }
  EXPECT_THROW(parse_record(oci::describe(kNydusBlob, "x")), FormatError);
}

}  // namespace
}  // namespace accel::cache
