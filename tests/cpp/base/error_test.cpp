#include "accel/base/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace accel {
namespace {

TEST(Error, text_is_context_message_and_hint) {
  Error error("registry answered 401", "check the credentials");
  EXPECT_STREQ(error.what(), "registry answered 401; check the credentials");
  error.add_context("layer sha256:0123");
  error.add_context("pull app:1");
  EXPECT_STREQ(error.what(), "pull app:1: layer sha256:0123: registry answered 401; check the credentials");
  EXPECT_EQ(error.message(), "registry answered 401");
}

TEST(Error, first_hint_wins) {
  Error with("a", "b");
  with.add_hint("c");
  EXPECT_EQ(with.hint(), "b");
  Error without("a");
  without.add_hint("c");
  EXPECT_STREQ(without.what(), "a; c");
}

TEST(Error, text_stays_one_line_whatever_names_hold) {
  EXPECT_STREQ(Error("file a\nb\t\x1B[31m\x7F").what(), "file a?b??[31m?");
  Error error("x");
  error.add_context("image\r\n");
  EXPECT_STREQ(error.what(), "image??: x");
}

TEST(Error, empty_context_changes_nothing) {
  Error error("x");
  error.add_context("");
  EXPECT_STREQ(error.what(), "x");
}

TEST(Error, type_and_fields_survive_a_rethrow_with_context) {
  try {
    try {
      RegistryError::Fields fields;
      fields.status = 404;
      fields.code = "MANIFEST_UNKNOWN";
      throw NotFound("GET manifest: 404", fields);
    } catch (Error& error) {
      error.add_context("copy app:1");
      throw;
    }
  } catch (const RegistryError& error) {
    EXPECT_NE(dynamic_cast<const NotFound*>(&error), nullptr);
    EXPECT_EQ(error.status(), 404);
    EXPECT_EQ(error.fields().code, "MANIFEST_UNKNOWN");
    EXPECT_STREQ(error.what(), "copy app:1: GET manifest: 404");
  }
}

TEST(FormatError, names_path_and_offset_as_far_as_known) {
  EXPECT_STREQ(FormatError("checksum is wrong").what(), "checksum is wrong");
  EXPECT_STREQ(
      FormatError("checksum is wrong", FormatError::Where{.digest = {}, .path = "usr/bin/x", .offset = 512}).what(),
      "usr/bin/x: checksum is wrong at offset 512");
  EXPECT_STREQ(FormatError("bad", FormatError::Where{.digest = {}, .path = {}, .offset = 0}).what(), "bad at offset 0");
}

TEST(FormatError, digest_is_filled_in_once) {
  FormatError error("bad");
  error.set_digest("sha256:a");
  error.set_digest("sha256:b");
  EXPECT_EQ(error.where().digest, "sha256:a");
}

TEST(DigestMismatch, says_what_was_expected_and_what_came) {
  const DigestMismatch error("blob", "sha256:aa", "sha256:bb", 7);
  const std::string text = error.what();
  for (const char* part : {"blob", "want sha256:aa", "got sha256:bb", "7 bytes"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(error.expected(), "sha256:aa");
  EXPECT_EQ(error.actual(), "sha256:bb");
  EXPECT_EQ(error.length(), 7U);
}

TEST(StoreError, causes_with_one_remedy_name_it) {
  EXPECT_NE(StoreError("write", "/x", ENOSPC).hint().find("free space"), std::string::npos);
  EXPECT_NE(StoreError("write", "/x", EFBIG).hint().find("ulimit -f"), std::string::npos);
  EXPECT_NE(StoreError("open", "/x", EACCES).hint().find("permissions"), std::string::npos);
  EXPECT_EQ(StoreError("open", "/x", ENOENT).hint(), "");
}

TEST(StoreError, names_attempt_path_and_cause) {
  const StoreError error("write", "/x/y", ENOSPC, "free some space");
  EXPECT_STREQ(error.what(), "write /x/y: No space left on device; free some space");
  EXPECT_EQ(error.code(), ENOSPC);
  EXPECT_STREQ(StoreError("open", "/x", 0).what(), "open /x");
}

}  // namespace
}  // namespace accel
