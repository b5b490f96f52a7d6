#include "accel/convert/written_again.hpp"

#include <gtest/gtest.h>

#include <string>

namespace accel::convert {
namespace {

RegistryError failure(std::string_view code, bool retryable = true) {
  RegistryError::Fields fields;
  fields.code = code;
  fields.retryable = retryable;
  return RegistryError("lost", fields);
}

TEST(WrittenAgain, a_lost_upload_is_made_again) {
  for (const std::string_view code : {oci::kUploadLost, oci::kChunkRefused}) {
    int writings = 0;
    EXPECT_EQ(written_again([&] {
                if (++writings < 3) throw failure(code);
                return writings;
              }),
              3);
  }
}

TEST(WrittenAgain, one_that_is_always_lost_is_given_up) {
  int writings = 0;
  EXPECT_THROW(written_again([&] {
                 ++writings;
                 throw failure(oci::kUploadLost);
               }),
               RegistryError);
  EXPECT_EQ(writings, kMaxWritings);
}

TEST(WrittenAgain, other_failures_are_final) {
  int writings = 0;
  const auto write = [&](const RegistryError& error) {
    EXPECT_THROW(written_again([&] {
                   ++writings;
                   throw RegistryError(error);
                 }),
                 RegistryError);
  };
  write(failure("DENIED"));                   // had its retries
  write(failure(oci::kChunkRefused, false));  // nothing that another writing would change
  EXPECT_EQ(writings, 2);
}

}  // namespace
}  // namespace accel::convert
