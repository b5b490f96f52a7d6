/// Conversions between repositories in memory, with the real formats.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "accel/convert/check_images.hpp"
#include "accel/convert/conversion.hpp"
#include "accel/store/stores.hpp"
#include "convert/image_builder.hpp"

namespace accel::convert {

using namespace accel::testing;  // NOLINT: builders

class ConversionFixture : public ::testing::Test {
 protected:
  /// Adds a target for the next conversion; its tag is `tag`.
  void want(const std::string& driver, const std::string& tag, formats::OptionValues options = {}) {
    request_.targets.push_back({driver, std::move(options), "target:" + tag});
    tags_.push_back(tag);
  }
  ConvertReport run(const std::string& tag = "v1") {
    std::vector<OpenImage> targets;
    for (const std::string& target : tags_) {
      targets.push_back({request_.dry_run ? nullptr : target_, target, "target:" + target, target + "-esgztoc"});
    }
    const OpenImage cache{cache_, "cache", "cache:cache", ""};
    return convert_image(request_, {source_, tag, "source:" + tag, tag + "-esgztoc"}, targets, environment_, {},
                         cache_ ? &cache : nullptr);
  }
  /// Converts `tag` for one driver and checks the result against the source.
  TargetReport convert(const std::string& driver, const std::string& tag = "v1", formats::OptionValues options = {}) {
    request_.targets.clear();
    tags_.clear();
    want(driver, "out", std::move(options));
    ConvertReport report = run(tag);
    expect_equal(tag, "out");
    return std::move(report.targets.at(0));
  }
  CheckReport check(const std::string& source, const std::string& target) {
    JobState job{{}, Reporter(*environment_.progress, source)};
    return check_images({source_, source, source, source + "-esgztoc"}, {target_, target, target, target + "-esgztoc"},
                        request_.platforms, environment_, job);
  }
  void expect_equal(const std::string& source, const std::string& target) {
    const CheckReport report = check(source, target);
    for (const Difference& difference : report.differences) {
      ADD_FAILURE() << difference.platform << " " << difference.path << " " << difference.field << ": "
                    << difference.source << " against " << difference.target;
    }
    EXPECT_GT(report.files, 0U);
  }
  oci::Manifest target_manifest(const std::string& tag) {
    return oci::parse_manifest(target_->get_manifest(tag, {}).bytes);
  }

  std::shared_ptr<oci::Repository> source_ = store::make_memory_repository("source");
  std::shared_ptr<oci::Repository> target_ = store::make_memory_repository("target");
  std::shared_ptr<oci::Repository> cache_;  // none
  ConvertRequest request_;
  std::vector<std::string> tags_;
  Environment environment_;
};

}  // namespace accel::convert
