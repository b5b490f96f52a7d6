#include "accel/registry/blob_source.hpp"

#include <thread>
#include <vector>

#include "accel/base/error.hpp"
#include "registry/fault_fixture.hpp"

namespace accel::registry {
namespace {

using testing::make_content;

class BlobSourceTest : public FaultTest {
 protected:
  static Bytes slice(const Bytes& content, std::size_t offset, std::size_t size) {
    return {content.begin() + static_cast<std::ptrdiff_t>(offset),
            content.begin() + static_cast<std::ptrdiff_t>(offset + size)};
  }
  static Bytes read(io::ByteSource& source, std::uint64_t offset, std::size_t size) {
    Bytes out(size);
    source.read_at(offset, out);
    return out;
  }
};

TEST_F(BlobSourceTest, ranges_use_one_connection) {
  start();
  const Bytes content = make_content(200'000, 1);
  const auto source = repository_->blob_source(put(content), cancel_.token());
  for (std::size_t offset = 0; offset < content.size(); offset += 20'000) {
    EXPECT_EQ(read(*source, offset, 20'000), slice(content, offset, 20'000));
  }
  EXPECT_EQ(registry_->connections(), 1);
}

TEST_F(BlobSourceTest, the_storage_address_is_remembered_until_it_fails) {
  testing::FaultRegistry storage;
  const Bytes content = make_content(100'000, 2);
  const auto blob = testing::describe_blob(content);
  storage.put_blob(blob.digest.to_string(), to_string(content));
  testing::FaultRegistry::Behaviour behaviour;
  behaviour.blob_redirect = storage.url("/storage");
  start(behaviour);
  const auto source = repository_->blob_source(blob, cancel_.token());
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(read(*source, i * 10, 10), slice(content, i * 10, 10));
  EXPECT_EQ(registry_->count("GET", "/blobs/"), 1);
  storage.script({"GET", "/storage", {403, {}, "expired"}});
  EXPECT_EQ(read(*source, 50, 10), slice(content, 50, 10));
  EXPECT_EQ(registry_->count("GET", "/blobs/"), 2);
}

TEST_F(BlobSourceTest, a_server_that_ignores_ranges_still_gives_the_right_bytes) {
  testing::FaultRegistry::Behaviour behaviour;
  behaviour.ignore_ranges = true;
  start(behaviour);
  const Bytes content = make_content(300'000, 3);
  const auto source = repository_->blob_source(put(content), cancel_.token());
  EXPECT_EQ(read(*source, 123'456, 1000), slice(content, 123'456, 1000));
}

TEST_F(BlobSourceTest, a_range_that_breaks_is_completed) {
  start();
  const Bytes content = make_content(300'000, 4);
  const auto source = repository_->blob_source(put(content), cancel_.token());
  registry_->script(
      {"GET", "/blobs/", {}, 1, {}, false, false, [](const testing::HttpRequest&, testing::HttpReply& reply) {
         reply.cut_after = 1000;
       }});
  EXPECT_EQ(read(*source, 10'000, 100'000), slice(content, 10'000, 100'000));
  EXPECT_EQ(registry_->requests().back().header("range"), "bytes=11000-109999");
}

TEST_F(BlobSourceTest, a_shifted_range_is_refused) {
  start();
  const auto source = repository_->blob_source(put(make_content(1000, 5)), cancel_.token());
  registry_->script({"GET", "/blobs/", {206, {{"Content-Range", "bytes 11-20/1000"}}, "0123456789"}});
  EXPECT_THROW(read(*source, 10, 10), RegistryError);
}

TEST_F(BlobSourceTest, a_copy_that_is_too_short_is_an_error) {
  start();
  const Bytes content = make_content(1000, 6);
  auto blob = put(content);
  blob.size = 2000;
  const auto source = repository_->blob_source(blob, cancel_.token());
  EXPECT_THROW(read(*source, 900, 200), RegistryError);
}

TEST_F(BlobSourceTest, many_threads_read_at_once) {
  start();
  const Bytes content = make_content(200'000, 7);
  const auto source = repository_->blob_source(put(content), cancel_.token());
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 20; ++i) {
        const std::size_t offset = (t * 31 + i * 997) % 190'000;
        EXPECT_EQ(read(*source, offset, 5000), slice(content, offset, 5000));
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace accel::registry
