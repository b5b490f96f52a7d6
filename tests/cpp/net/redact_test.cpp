#include "accel/net/redact.hpp"

#include <gtest/gtest.h>

namespace accel::net {
namespace {

TEST(Redact, passwords_and_signatures_are_hidden) {
  struct Row {
    const char *url, *shown;
  };
  for (const Row& row : {
           Row{"https://user:secret@a/v2/", "https://a/v2/"},
           Row{"https://s3.example/b?X-Amz-Signature=abc&X-Amz-Date=1",
               "https://s3.example/b?X-Amz-Signature=…&X-Amz-Date=…"},
           Row{"https://a/v2/x/blobs/uploads/1?_state=hmac&digest=sha256:00",
               "https://a/v2/x/blobs/uploads/1?_state=…&digest=sha256:00"},
           Row{"https://a/x?token", "https://a/x?…"},
           Row{"https://a/x?mount=sha256:1&from=b", "https://a/x?mount=sha256:1&from=b"},
           Row{"https://user:secret@:bad", "(unreadable URL)"},
       }) {
    EXPECT_EQ(redact(row.url), row.shown);
  }
}

}  // namespace
}  // namespace accel::net
