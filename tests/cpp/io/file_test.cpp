#include "accel/io/file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "accel/base/error.hpp"
#include "accel/io/memory.hpp"
#include "accel/io/temp_file.hpp"

namespace accel::io {
namespace {

namespace fs = std::filesystem;

class FileTest : public testing::Test {
 protected:
  FileTest() {
    std::string pattern = (fs::temp_directory_path() / "accel-io-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw StoreError("create a directory", pattern, errno);
    directory_ = pattern;
  }
  ~FileTest() override { fs::remove_all(directory_); }

  [[nodiscard]] fs::path make(const std::string& name, const std::string& content) const {
    std::ofstream(directory_ / name, std::ios::binary) << content;
    return directory_ / name;
  }
  [[nodiscard]] static std::string content_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory_), {}));
  }

  fs::path directory_;
};

int error_code(const std::function<void()>& action) {
  try {
    action();
  } catch (const StoreError& error) {
    return error.code();
  }
  return -1;
}

TEST_F(FileTest, source_reads_any_range_inside) {
  FileSource source(make("a", "0123456789"));
  EXPECT_EQ(source.size(), 10U);
  Bytes out(4);
  source.read_at(6, out);
  EXPECT_EQ(as_text(out), "6789");
  EXPECT_THROW(source.read_at(7, out), FormatError);
}

TEST_F(FileTest, source_that_shrank_is_an_error_and_not_a_hang) {
  const fs::path path = make("a", "0123456789");
  FileSource source(path);
  fs::resize_file(path, 5);
  Bytes out(4);
  EXPECT_THROW(source.read_at(4, out), StoreError);
}

TEST_F(FileTest, errors_carry_errno_and_path) {
  EXPECT_EQ(error_code([&] { FileSource source(directory_ / "missing"); }), ENOENT);
  EXPECT_EQ(error_code([&] { FileStream stream(directory_ / "missing"); }), ENOENT);
  EXPECT_EQ(error_code([&] { FileSource source(directory_); }), 0);  // opens, but is no regular file
  EXPECT_EQ(error_code([&] { TempFile file(directory_ / "missing"); }), ENOENT);
  EXPECT_EQ(error_code([&] { AtomicFile file(directory_ / "missing"); }), ENOENT);
  Bytes out(4);
  FileStream stream(directory_);
  EXPECT_EQ(error_code([&] { stream.read(out); }), EISDIR);
  try {
    open_for_reading(directory_ / "missing");
  } catch (const StoreError& error) {
    EXPECT_EQ(error.path(), (directory_ / "missing").string());
  }
}

TEST_F(FileTest, full_disk_is_an_error_with_a_remedy) {
  FileSink sink(UniqueFd(::open("/dev/full", O_WRONLY | O_CLOEXEC)), "/dev/full");
  try {
    sink.write(as_bytes("x"));
    FAIL() << "written";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.code(), ENOSPC);
    EXPECT_FALSE(error.hint().empty());
  }
}

TEST_F(FileTest, stream_reads_files_and_pipes_to_their_end) {
  FileStream file(make("a", std::string(100'000, 'x')));
  EXPECT_EQ(read_all(file, 1 << 20).size(), 100'000U);

  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  FileStream pipe{UniqueFd(ends[0]), "a pipe"};
  {
    FileSink sink{UniqueFd(ends[1]), "a pipe"};
    sink.write(as_bytes("through"));
  }
  EXPECT_EQ(as_text(read_all(pipe, 100)), "through");
}

TEST_F(FileTest, temp_file_has_no_name_and_reads_what_was_written) {
  TempFile file(directory_);
  EXPECT_EQ(entries(), 0U);
  file.write(as_bytes("0123"));
  Bytes out(3);
  file.read_at(1, out);
  EXPECT_EQ(as_text(out), "123");
  file.write(as_bytes("456"));  // reading has not moved the end
  EXPECT_EQ(file.size(), 7U);
  file.read_at(4, out);
  EXPECT_EQ(as_text(out), "456");
  EXPECT_THROW(file.read_at(5, out), FormatError);
}

TEST_F(FileTest, atomic_file_appears_whole) {
  const fs::path path = make("a", "old");
  {
    AtomicFile file(directory_);
    file.write(as_bytes("new "));
    file.write(as_bytes("content"));
    EXPECT_EQ(file.size(), 11U);
    EXPECT_EQ(content_of(path), "old");
    file.commit(path);
  }
  EXPECT_EQ(content_of(path), "new content");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(FileTest, atomic_file_has_the_mode_of_an_ordinary_file) {
  const mode_t mask = ::umask(0027);
  write_file_atomically(directory_ / "a", as_bytes("x"));
  ::umask(mask);
  EXPECT_EQ(fs::status(directory_ / "a").permissions(), fs::perms(0640));
}

TEST_F(FileTest, atomic_file_that_is_not_committed_leaves_nothing) {
  {
    AtomicFile file(directory_);
    file.write(as_bytes("half"));
    EXPECT_EQ(entries(), 1U);
  }
  EXPECT_EQ(entries(), 0U);
}

TEST_F(FileTest, atomic_file_that_cannot_be_renamed_leaves_nothing) {
  {
    AtomicFile file(directory_);
    file.write(as_bytes("whole"));
    EXPECT_EQ(error_code([&] { file.commit(directory_ / "missing" / "a"); }), ENOENT);
  }
  EXPECT_EQ(entries(), 0U);
}

TEST_F(FileTest, atomic_file_can_refuse_to_replace_another) {
  {
    const fs::path path = make("a", "old");
    AtomicFile file(directory_);
    file.write(as_bytes("new"));
    EXPECT_EQ(error_code([&] { file.commit_new(path); }), EEXIST);
    EXPECT_EQ(content_of(path), "old");
    file.commit_new(directory_ / "b");
  }
  EXPECT_EQ(content_of(directory_ / "b"), "new");
  EXPECT_EQ(entries(), 2U);
}

TEST_F(FileTest, atomic_file_can_be_read_before_it_has_its_name) {
  AtomicFile file(directory_);
  file.write(as_bytes("content"));
  EXPECT_EQ(content_of(file.temporary_path()), "content");
  file.commit_unflushed(directory_ / "a");
  EXPECT_EQ(content_of(directory_ / "a"), "content");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(FileTest, write_file_atomically_takes_a_bare_name) {
  const fs::path before = fs::current_path();
  fs::current_path(directory_);
  write_file_atomically("a", as_bytes("x"));
  fs::current_path(before);
  EXPECT_EQ(content_of(directory_ / "a"), "x");
}

TEST(UniqueFdTest, closes_once_and_moves) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd reader(ends[0]);
  {
    UniqueFd writer(ends[1]);
    UniqueFd other = std::move(writer);
    EXPECT_FALSE(writer);  // NOLINT(bugprone-use-after-move): the moved-from state is part of the contract
    EXPECT_TRUE(other);
    writer = std::move(other);
    EXPECT_EQ(writer.get(), ends[1]);
  }
  EXPECT_EQ(::fcntl(ends[1], F_GETFD), -1);
  UniqueFd given(::dup(ends[0]));
  const UniqueFd taken(given.release());
  EXPECT_FALSE(given);
  EXPECT_NE(::fcntl(taken.get(), F_GETFD), -1);
}

}  // namespace
}  // namespace accel::io
