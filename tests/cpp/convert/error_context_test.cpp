#include "accel/convert/error_context.hpp"

#include <gtest/gtest.h>

#include <string>

namespace accel::convert {
namespace {

const hash::Digest kBlob = hash::Digest::try_parse("sha256:" + std::string(64, 'a'));

template <class F>
std::string text_of(F&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ErrorContext, damaged_images_get_a_remedy_unless_the_thrower_has_a_better_one) {
  EXPECT_EQ(text_of([] { with_image_context("convert a", [] { throw FormatError("bad"); }); }),
            "convert a: bad; the image itself is damaged; build it again and push it");
  EXPECT_EQ(text_of([] { with_image_context("convert a", [] { throw FormatError("bad", "do this"); }); }),
            "convert a: bad; do this");
  EXPECT_EQ(text_of([] { with_image_context("convert a", [] { throw UnsupportedError("new"); }); }), "convert a: new");
}

TEST(ErrorContext, a_result_that_is_wrong_is_no_damaged_image) {
  EXPECT_EQ(text_of([] { with_result_context("target a", [] { throw FormatError("bad", "fetch the image again"); }); }),
            "target a: the result is wrong: bad; no tag was written; keep the source and report this");
  EXPECT_EQ(
      text_of([] { with_result_context("target a", [] { throw DigestMismatch("blob", "1", "2", 3); }); }),
      "target a: the result is wrong: blob: digest mismatch: want 1, got 2 over 3 bytes; no tag was written; keep the "
      "source and report this");
  EXPECT_EQ(text_of([] { with_result_context("target a", [] { throw UnsupportedError("new"); }); }), "target a: new");
}

TEST(ErrorContext, a_blob_is_named_once) {
  EXPECT_EQ(text_of([] { with_blob_context(kBlob, [] { throw FormatError("short"); }); }),
            "blob sha256:aaaaaaaaaaaa: short");
  EXPECT_EQ(text_of([] {
              with_blob_context(kBlob, [] { throw FormatError("blob " + kBlob.to_string() + " of host/app: short"); });
            }),
            "blob " + kBlob.to_string() + " of host/app: short");
}

TEST(ErrorContext, cancelling_needs_no_place) {
  EXPECT_EQ(text_of([] { with_layer_context(kBlob, [] { throw Cancelled(); }); }), "cancelled");
}

}  // namespace
}  // namespace accel::convert
