// The local store when its disk, its files or its database are wrong.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "accel/base/error.hpp"
#include "accel/store/detail/store_directory.hpp"
#include "support/forked.hpp"
#include "support/local_stores.hpp"

namespace accel::store {
namespace {

using accel::testing::blob_file;
using accel::testing::files_below;
using accel::testing::make_content;
using accel::testing::put_blob;
using accel::testing::run_forked;
using accel::testing::TempDirectory;
using accel::testing::use_blob;

class LocalStoreFaultsTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path() const { return directory_ / "store"; }
  [[nodiscard]] LocalStore open(OpenMode mode = OpenMode::write) const { return LocalStore(path(), mode); }

  const TempDirectory directory_;
};

/// The StoreError that `action` throws.
template <class Action>
StoreError store_error(Action action) {
  try {
    action();
  } catch (const StoreError& error) {
    return error;
  }
  ADD_FAILURE() << "no StoreError";
  return {"", "", 0};
}

/// A small disk of its own, for root.
class SmallDisk {
 public:
  SmallDisk(std::filesystem::path path, const char* options) : path_(std::move(path)) {
    std::filesystem::create_directory(path_);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, options) == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  [[nodiscard]] bool mounted() const noexcept { return mounted_; }
  [[nodiscard]] bool make_read_only() const {
    return ::mount(nullptr, path_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }

 private:
  std::filesystem::path path_;
  bool mounted_ = false;
};

TEST_F(LocalStoreFaultsTest, damaged_blob_is_found_by_reading_and_removed) {
  LocalStore store = open();
  const auto blob = put_blob(store, 100'000, 1);
  Bytes content = make_content(100'000, 1);
  content[50'000] ^= std::byte{1};
  directory_.write("store/" + blob_file(blob.digest), as_text(content));
  EXPECT_THROW(use_blob(store, blob), DigestMismatch);
  EXPECT_FALSE(store.has_blob(blob.digest));
  EXPECT_THROW(use_blob(store, blob), NotFound);
  put_blob(store, 100'000, 1);
  use_blob(store, blob);
}

TEST_F(LocalStoreFaultsTest, blob_that_a_power_failure_cut_off_counts_as_absent) {
  LocalStore store = open();
  const auto blob = put_blob(store, 100'000, 1);
  ASSERT_EQ(::truncate((path() / blob_file(blob.digest)).c_str(), 0), 0);
  EXPECT_THROW(use_blob(store, blob), NotFound);
  EXPECT_FALSE(store.has_blob(blob.digest));
}

TEST_F(LocalStoreFaultsTest, wrong_size_in_a_descriptor_is_not_held_against_the_blob) {
  LocalStore store = open();
  auto blob = put_blob(store, 1000, 1);
  blob.size = 999;
  EXPECT_THROW(use_blob(store, blob), FormatError);
  EXPECT_TRUE(store.has_blob(blob.digest));
}

TEST_F(LocalStoreFaultsTest, missing_or_damaged_database_is_made_anew_from_the_blobs) {
  const auto source = hash::sha256(as_bytes("layer"));
  std::vector<oci::Descriptor> blobs;
  const auto prepare = [&] {
    LocalStore store = open();
    blobs = {put_blob(store, 1000, 1), put_blob(store, 1000, 2)};
    store.put_record(source, "a", "1");
  };
  const std::string noise(20'000, 'x');
  const auto database = path() / "state/store.db";
  const auto damage_middle = [&](off_t offset) {
    const io::UniqueFd fd(::open(database.c_str(), O_RDWR | O_CLOEXEC));
    const std::string bytes(3000, '\xA5');
    ASSERT_EQ(::pwrite(fd.get(), bytes.data(), bytes.size(), offset), 3000);
  };
  const std::function<void()> faults[] = {
      [&] { std::filesystem::remove(database); },
      [&] { directory_.write("store/state/store.db", noise); },
      [&] { directory_.write("store/state/store.db", ""); },
      [&] { directory_.write("store/state/store.db", "SQLite format 3"); },
      [&] { damage_middle(100); },
      [&] { damage_middle(4096 + 8); },
  };
  for (const auto& fault : faults) {
    prepare();
    fault();
    LocalStore store = open();
    EXPECT_EQ(store.blobs().size(), 2U);
    for (const auto& blob : blobs) use_blob(store, blob);
    store.put_record(source, "a", "2");
    EXPECT_EQ(store.find_record(source, "a"), "2");
    EXPECT_GE(store.blobs().at(0).uses, 1U);
  }
}

TEST_F(LocalStoreFaultsTest, database_damaged_at_work_is_made_anew_when_nobody_else_has_it) {
  const auto source = hash::sha256(as_bytes("layer"));
  const auto damage = [&] {
    // A checkpoint has everything in the main file when the last connection is closed.
    const io::UniqueFd fd(::open((path() / "state/store.db").c_str(), O_RDWR | O_CLOEXEC));
    const std::string bytes(40'000, '\xA5');
    ASSERT_EQ(::pwrite(fd.get(), bytes.data(), bytes.size(), 0), 40'000);
  };
  put_blob(*std::make_unique<LocalStore>(path(), OpenMode::write), 1000, 1);
  LocalStore store = open();
  damage();
  const auto blob = put_blob(store, 1000, 2);
  use_blob(store, blob);
  store.put_record(source, "a", "1");
  EXPECT_EQ(store.find_record(source, "a"), "1");
  EXPECT_EQ(store.blobs().size(), 2U);

  LocalStore other = open();
  damage();
  use_blob(store, blob);  // without counting: neither may swap the file under the other
  EXPECT_EQ(store.collect({.threshold = 1, .percent = 0}, {}).evicted_blobs, 2U);
}

TEST_F(LocalStoreFaultsTest, rows_without_files_and_files_without_rows_are_reconciled) {
  std::vector<oci::Descriptor> blobs;
  {
    LocalStore store = open();
    for (unsigned seed = 0; seed < 4; ++seed) blobs.push_back(put_blob(store, 1000, seed));
    use_blob(store, blobs[0]);
  }
  std::filesystem::remove(path() / blob_file(blobs[0].digest));
  directory_.write("store/" + blob_file(hash::sha256(as_bytes("foreign"))), "foreign");
  LocalStore store = open();
  EXPECT_EQ(store.blobs().size(), 4U);
  EXPECT_EQ(store.blobs().at(0).uses, 0U);
  EXPECT_EQ(store.blobs().at(0).digest, hash::sha256(as_bytes("foreign")));
  put_blob(store, 1000, 0);
  EXPECT_EQ(store.blobs().at(4).digest, blobs[0].digest);
  EXPECT_EQ(store.blobs().at(4).uses, 1U);  // its two uses went with it
}

TEST_F(LocalStoreFaultsTest, database_of_a_newer_version_is_left_alone) {
  static_cast<void>(open());
  {
    // Big-endian user_version at offset 60 of the header.
    const io::UniqueFd fd(::open((path() / "state/store.db").c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_EQ(::pwrite(fd.get(), "\0\0\0\x63", 4, 60), 4);
  }
  try {
    static_cast<void>(open());
    ADD_FAILURE() << "no error";
  } catch (const UnsupportedError& error) {
    EXPECT_NE(std::string(error.what()).find("schema 99"), std::string::npos) << error.what();
  }
}

TEST_F(LocalStoreFaultsTest, parts_that_are_links_are_refused) {
  for (const char* part : {"blobs", "ingest", "state"}) {
    std::filesystem::remove_all(path());
    std::filesystem::create_directories(path());
    std::filesystem::create_directories(directory_ / "elsewhere");
    std::filesystem::create_directory_symlink(directory_ / "elsewhere", path() / part);
    const auto error = store_error([&] { static_cast<void>(open()); });
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    EXPECT_TRUE(std::filesystem::is_empty(directory_ / "elsewhere"));
  }
}

TEST_F(LocalStoreFaultsTest, way_to_the_store_may_have_links) {
  std::filesystem::create_directories(directory_ / "real");
  std::filesystem::create_directory_symlink(directory_ / "real", path());
  LocalStore store = open();
  const auto blob = put_blob(store, 1000, 1);
  EXPECT_EQ(store.blobs().at(0).uses, 1U);  // the database works as well
  EXPECT_TRUE(std::filesystem::exists(directory_ / "real" / blob_file(blob.digest)));
}

TEST_F(LocalStoreFaultsTest, somebody_else_s_store_in_a_place_for_everybody_is_refused) {
  if (::geteuid() != 0) GTEST_SKIP() << "giving a directory away needs root";
  static_cast<void>(open());
  constexpr uid_t kOther = 4711;
  ASSERT_EQ(::chown((path() / "blobs").c_str(), kOther, kOther), 0);
  static_cast<void>(open());  // only its owner can have made it
  ASSERT_EQ(::chmod(path().c_str(), 01777), 0);
  EXPECT_EQ(store_error([&] { static_cast<void>(open()); }).code(), EPERM);
}

TEST_F(LocalStoreFaultsTest, network_file_systems_are_known) {
  for (const std::uint64_t type : {0x6969U, 0xFF534D42U, 0xFE534D42U, 0x517BU}) {
    EXPECT_TRUE(detail::is_network_file_system(type));
  }
  for (const std::uint64_t type : {0xEF53U, 0x01021994U, 0x58465342U, 0x9123683EU, 0x794C7630U}) {
    EXPECT_FALSE(detail::is_network_file_system(type));  // ext4, tmpfs, XFS, btrfs, overlayfs
  }
}

TEST_F(LocalStoreFaultsTest, place_that_cannot_be_made_is_an_error) {
  directory_.write("store", "a file");
  EXPECT_NE(store_error([&] { static_cast<void>(open()); }).code(), 0);
}

TEST_F(LocalStoreFaultsTest, file_size_limit_is_an_error_and_leaves_nothing) {
  const bool refused = run_forked([&] {  // the limit holds for a whole process
    LocalStore store = open();
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{300'000, 300'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto error = store_error([&] { put_blob(store, 1'000'000, 1); });
    return error.code() == EFBIG && store.verify_blob(put_blob(store, 1000, 2).digest, {});
  });
  EXPECT_TRUE(refused);
  EXPECT_EQ(files_below(path() / "ingest"), 0U);
  EXPECT_EQ(files_below(path() / "blobs"), 1U);
}

TEST_F(LocalStoreFaultsTest, full_disk_is_an_error_with_a_remedy_and_leaves_nothing) {
  const SmallDisk disk(path(), "size=1m");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a small disk needs root";
  LocalStore store = open();
  const auto blob = put_blob(store, 100'000, 1);
  const Bytes big = make_content(4'000'000, 2);
  const auto download = accel::testing::describe_blob(big);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto error = store_error(
        [&] { attempt == 0 ? store.create_blob({})->write(big) : store.resume_blob(download, {})->write(big); });
    EXPECT_EQ(error.code(), ENOSPC) << error.what();
    EXPECT_NE(error.hint().find("free space"), std::string::npos) << error.what();
    EXPECT_EQ(files_below(path() / "ingest"), 0U);
  }
  // Full to the last byte: what is here can be read, the rest says why not, and making room helps.
  const auto filler = store.create_blob({});
  EXPECT_THROW(filler->write(big), StoreError);
  use_blob(store, blob);
  EXPECT_THROW(store.add(as_bytes("one more")), StoreError);
  EXPECT_EQ(store_error([&] { store.put_record(blob.digest, "a", std::string(200'000, 'x')); }).code(), ENOSPC);
  EXPECT_EQ(store.collect({.threshold = 1, .percent = 0}, {}).evicted_blobs, 1U);
  store.add(as_bytes("one more"));
}

TEST_F(LocalStoreFaultsTest, full_disk_does_not_keep_a_store_from_being_opened) {
  const SmallDisk disk(path(), "size=1m");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a small disk needs root";
  oci::Descriptor blob;
  {
    LocalStore store = open();
    blob = put_blob(store, 100'000, 1);
  }
  std::filesystem::remove_all(path() / "state");
  const io::UniqueFd filler(::open((path() / "filler").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  const std::string piece(4096, 'x');
  while (::write(filler.get(), piece.data(), piece.size()) > 0) {
  }
  LocalStore store = open();
  use_blob(store, blob);
  EXPECT_EQ(store.collect({.threshold = 1, .percent = 0}, {}).evicted_blobs, 1U);
}

TEST_F(LocalStoreFaultsTest, read_only_disk_can_be_read_and_writing_says_why_not) {
  const SmallDisk disk(path(), "size=4m");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a disk needs root";
  oci::Descriptor blob;
  {
    LocalStore store = open();
    blob = put_blob(store, 100'000, 1);
  }
  ASSERT_TRUE(disk.make_read_only());
  LocalStore store = open();
  use_blob(store, blob);
  EXPECT_EQ(store.usage().blobs, 1U);
  EXPECT_EQ(store_error([&] { put_blob(store, 10, 2); }).code(), EROFS);
  EXPECT_EQ(store_error([&] { store.collect({.threshold = 1}, {}); }).code(), EROFS);
  EXPECT_EQ(store_error([&] { store.put_record(blob.digest, "a", "1"); }).code(), EROFS);
  EXPECT_FALSE(store.evict_blob(blob.digest));
  EXPECT_FALSE(store.find_record(blob.digest, "a"));
}

TEST_F(LocalStoreFaultsTest, directory_without_permission_can_be_read_and_writing_says_why_not) {
  oci::Descriptor blob;
  {
    LocalStore store = open();
    blob = put_blob(store, 100'000, 1);
  }
  const auto change = [&](mode_t mode) {
    for (const char* part : {"blobs/sha256", "blobs", "ingest", "state", ""}) {
      ASSERT_EQ(::chmod((path() / part).c_str(), mode), 0);
    }
  };
  change(0555);
  const bool refused = run_forked([&] {
    if (::geteuid() == 0) {  // who may do everything
      if (::chmod(directory_.path().c_str(), 0755) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0) return false;
    }
    LocalStore store = open();
    use_blob(store, blob);
    return store_error([&] { put_blob(store, 10, 2); }).code() == EACCES;
  });
  EXPECT_TRUE(refused);
  change(0755);
}

}  // namespace
}  // namespace accel::store
