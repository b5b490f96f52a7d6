// What the local store keeps, and how it is found again.

#include "accel/store/local_store.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>

#include "accel/base/error.hpp"
#include "support/local_stores.hpp"
#include "support/sample_image.hpp"

namespace accel::store {
namespace {

using accel::testing::blob_file;
using accel::testing::describe_blob;
using accel::testing::files_below;
using accel::testing::make_content;
using accel::testing::put_blob;
using accel::testing::read_to_end;
using accel::testing::SetClock;
using accel::testing::TempDirectory;
using accel::testing::use_blob;

class LocalStoreTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path() const { return directory_ / "store"; }
  [[nodiscard]] LocalStore open(OpenMode mode = OpenMode::write) const { return LocalStore(path(), mode); }

  const TempDirectory directory_;
};

TEST_F(LocalStoreTest, blob_is_found_again_by_another_store) {
  const Bytes content = make_content(300'000, 1);
  const auto blob = describe_blob(content);
  {
    LocalStore store = open();
    EXPECT_FALSE(store.has_blob(blob.digest));
    const auto writer = store.create_blob({});
    writer->write(ByteView(content).first(100'000));
    writer->write(ByteView(content).subspan(100'000));
    EXPECT_FALSE(store.has_blob(blob.digest));
    writer->commit(blob.digest, blob.size);
    EXPECT_TRUE(store.has_blob(blob.digest));
    EXPECT_EQ(store.blob_size(blob.digest), 300'000U);
  }
  LocalStore store = open();
  EXPECT_TRUE(store.has_blob(blob.digest));
  EXPECT_EQ(read_to_end(*store.open_blob(blob, {})), content);
  const auto source = store.pin_blob(blob.digest);
  ASSERT_TRUE(source);
  Bytes part(1000);
  source->read_at(250'000, part);
  EXPECT_EQ(part, Bytes(content.begin() + 250'000, content.begin() + 251'000));
}

TEST_F(LocalStoreTest, absent_blob_is_not_found) {
  LocalStore store = open();
  const auto blob = describe_blob(make_content(10, 1));
  EXPECT_FALSE(store.has_blob(blob.digest));
  EXPECT_EQ(store.pin_blob(blob.digest), nullptr);
  EXPECT_THROW(store.open_blob(blob, {}), NotFound);
  EXPECT_FALSE(store.verify_blob(blob.digest, {}));
  EXPECT_FALSE(store.evict_blob(blob.digest));
}

TEST_F(LocalStoreTest, document_added_twice_is_one_blob) {
  LocalStore store = open();
  const auto digest = store.add(as_bytes("{}"));
  EXPECT_EQ(store.add(as_bytes("{}")), digest);
  EXPECT_EQ(digest, hash::sha256(as_bytes("{}")));
  EXPECT_EQ(directory_.read("store/" + blob_file(digest)), "{}");
  EXPECT_EQ(store.usage().blobs, 1U);
}

TEST_F(LocalStoreTest, is_a_layout_that_others_read) {
  const auto digest = open().add(as_bytes("text"));
  const auto layout = open_oci_layout(path().string(), OpenMode::read);
  EXPECT_TRUE(layout->list_tags({}).empty());
  oci::Descriptor blob;
  blob.digest = digest;
  blob.size = 4;
  EXPECT_EQ(accel::testing::read_blob(*layout, blob), "text");
}

TEST_F(LocalStoreTest, blobs_that_others_wrote_are_taken_up) {
  oci::Descriptor blob;
  {
    const auto layout = open_oci_layout(path().string(), OpenMode::write);
    blob = accel::testing::write_blob(*layout, "text/plain", "foreign");
  }
  LocalStore store = open();
  EXPECT_TRUE(store.verify_blob(blob.digest, {}));
  ASSERT_EQ(store.blobs().size(), 1U);
  EXPECT_EQ(store.blobs()[0].uses, 0U);
}

TEST_F(LocalStoreTest, layout_with_images_is_not_made_a_store) {
  const auto layout = open_oci_layout(path().string(), OpenMode::write);
  accel::testing::put_image(*layout, "v1", "content");
  layout->finish();
  try {
    static_cast<void>(open());
    ADD_FAILURE() << "no error";
  } catch (const StoreError& error) {
    EXPECT_NE(std::string(error.what()).find("image layout with images"), std::string::npos) << error.what();
  }
  EXPECT_FALSE(std::filesystem::exists(path() / "state"));
  directory_.write("store/index.json", "of another program");
  EXPECT_THROW(static_cast<void>(open()), FormatError);
}

TEST_F(LocalStoreTest, wrong_digest_or_size_stores_nothing) {
  LocalStore store = open();
  const Bytes content = make_content(1000, 1);
  const auto blob = describe_blob(content);
  const auto other = describe_blob(make_content(1000, 2));
  for (const auto& [digest, size] : {std::pair(other.digest, blob.size), std::pair(blob.digest, blob.size + 1)}) {
    const auto writer = store.create_blob({});
    writer->write(content);
    EXPECT_THROW(writer->commit(digest, size), DigestMismatch);
  }
  EXPECT_EQ(files_below(path() / "blobs"), 0U);
  EXPECT_EQ(files_below(path() / "ingest"), 0U);
}

TEST_F(LocalStoreTest, sha512_has_no_place) {
  LocalStore store = open();
  const auto digest = hash::Digest::parse("sha512:" + std::string(128, 'a'));
  EXPECT_FALSE(store.has_blob(digest));
  EXPECT_EQ(store.pin_blob(digest), nullptr);
  EXPECT_THROW(store.create_blob({})->commit(digest, 0), UnsupportedError);
}

TEST_F(LocalStoreTest, cancelled_work_stores_nothing) {
  LocalStore store = open();
  CancelSource source;
  const auto writer = store.create_blob(source.token());
  const auto blob = describe_blob(make_content(10, 1));
  writer->write(make_content(10, 1));
  source.cancel();
  EXPECT_THROW(writer->write(make_content(10, 1)), Cancelled);
  EXPECT_THROW(writer->commit(blob.digest, blob.size), Cancelled);
  EXPECT_THROW(store.create_blob(source.token()), Cancelled);
  EXPECT_THROW(store.open_blob(blob, source.token()), Cancelled);
  EXPECT_FALSE(store.has_blob(blob.digest));
}

TEST_F(LocalStoreTest, usage_is_what_the_disk_says) {
  LocalStore store = open();
  std::uint64_t content = 0;
  for (unsigned seed = 0; seed < 20; ++seed) content += put_blob(store, 1 + seed * 7777, seed).size;
  const auto unfinished = store.create_blob({});
  unfinished->write(make_content(50'000, 99));
  // As du counts: blocks of 512 bytes.
  const auto disk_bytes = [&](const std::string& folder) {
    std::uint64_t blocks = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path() / folder)) {
      struct stat status {};
      EXPECT_EQ(::lstat(entry.path().c_str(), &status), 0);
      blocks += static_cast<std::uint64_t>(status.st_blocks);
    }
    return blocks * 512;
  };
  const auto usage = store.usage();
  EXPECT_EQ(usage.blobs, 20U);
  EXPECT_EQ(usage.content_bytes, content);
  EXPECT_EQ(usage.blob_bytes, disk_bytes("blobs/sha256"));
  EXPECT_EQ(usage.unfinished, 1U);
  EXPECT_EQ(usage.unfinished_bytes, disk_bytes("ingest"));
  EXPECT_GE(usage.unfinished_bytes, 50'000U);
  EXPECT_EQ(usage.total_bytes(), usage.blob_bytes + usage.unfinished_bytes);
  std::uint64_t listed = 0;
  for (const auto& blob : store.blobs()) listed += blob.disk_bytes;
  EXPECT_EQ(listed, usage.blob_bytes);
}

TEST_F(LocalStoreTest, uses_persist_and_do_not_follow_the_clock) {
  const auto clock = std::make_shared<SetClock>();
  const auto noon = std::chrono::system_clock::time_point(std::chrono::hours(500'000));
  std::vector<oci::Descriptor> blobs;
  {
    LocalStore store(path(), OpenMode::write, clock);
    clock->set_date(noon);
    for (unsigned seed = 0; seed < 3; ++seed) blobs.push_back(put_blob(store, 100, seed));
    use_blob(store, blobs[0]);
    clock->set_date(noon - std::chrono::hours(1000));  // backwards
    use_blob(store, blobs[1]);
    use_blob(store, blobs[2]);
    use_blob(store, blobs[2]);
  }
  const auto found = LocalStore(path(), OpenMode::write, clock).blobs();
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].digest, blobs[0].digest);  // two uses each, this one's last came first, whatever the clock said
  EXPECT_EQ(found[1].digest, blobs[1].digest);
  EXPECT_EQ(found[2].digest, blobs[2].digest);
  EXPECT_EQ(found[0].uses, 2U);
  EXPECT_EQ(found[2].uses, 3U);
  EXPECT_EQ(found[0].used_at - found[1].used_at, 1000 * 3600);
}

TEST_F(LocalStoreTest, reading_alone_changes_nothing) {
  EXPECT_EQ(open(OpenMode::read).usage().total_bytes(), 0U);
  EXPECT_TRUE(open(OpenMode::read).blobs().empty());
  EXPECT_FALSE(std::filesystem::exists(path()));
  const auto digest = open().add(as_bytes("text"));
  LocalStore store = open(OpenMode::read);
  EXPECT_TRUE(store.has_blob(digest));
  EXPECT_TRUE(store.verify_blob(digest, {}));
  EXPECT_EQ(store.blobs().at(0).uses, 1U);
  EXPECT_FALSE(store.evict_blob(digest));
  try {
    store.add(as_bytes("more"));
    ADD_FAILURE() << "no error";
  } catch (const StoreError& error) {
    EXPECT_NE(std::string(error.what()).find("opened for reading only"), std::string::npos) << error.what();
  }
}

TEST_F(LocalStoreTest, record_is_found_under_both_its_keys) {
  const auto source = hash::sha256(as_bytes("layer"));
  {
    LocalStore store = open();
    EXPECT_FALSE(store.find_record(source, "a"));
    store.put_record(source, "a", R"({"v":1})");
    store.put_record(source, "b", R"({"v":2})");
    store.put_record(source, "a", R"({"v":3})");
  }
  LocalStore store = open();
  EXPECT_EQ(store.find_record(source, "a"), R"({"v":3})");
  EXPECT_EQ(store.find_record(source, "b"), R"({"v":2})");
  EXPECT_FALSE(store.find_record(hash::sha256(as_bytes("other")), "a"));
  EXPECT_EQ(open(OpenMode::read).find_record(source, "a"), R"({"v":3})");
  EXPECT_EQ(store.usage().records, 2U);
  store.drop_record(source, "a");
  store.drop_record(source, "a");
  EXPECT_FALSE(store.find_record(source, "a"));
  EXPECT_TRUE(store.find_record(source, "b"));
}

TEST_F(LocalStoreTest, rights_are_those_of_private_content) {
  LocalStore store = open();
  const auto blob = put_blob(store, 10, 1);
  struct stat status {};
  for (const char* folder : {"blobs", "blobs/sha256", "ingest", "state"}) {
    ASSERT_EQ(::stat((path() / folder).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U) << folder;
  }
  ASSERT_EQ(::stat((path() / blob_file(blob.digest)).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0133U, 0U);
}

}  // namespace
}  // namespace accel::store
