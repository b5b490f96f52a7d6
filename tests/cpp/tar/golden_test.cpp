/// Our reader against other programs' writers, and our writer against other programs' readers.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "accel/hash/hasher.hpp"
#include "accel/tar/writer.hpp"
#include "tar/read_tar.hpp"

namespace accel::tar {
namespace {

namespace stdfs = std::filesystem;

std::string read_file(const stdfs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  EXPECT_TRUE(file.good()) << path;
  return content.str();
}

std::string escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c >= 0x20 && c < 0x7F && c != '\\') {
      escaped += c;
    } else {
      escaped += "\\x" + hex_encode(as_bytes({&c, 1}));
    }
  }
  return escaped;
}

std::string octal_text(std::uint32_t value) {
  std::ostringstream text;
  text << std::oct << value;
  return text.str();
}

std::string time_text(const Time& time) {
  std::string nanoseconds = std::to_string(time.nanoseconds);
  return std::to_string(time.seconds) + "." + std::string(9 - nanoseconds.size(), '0') + nanoseconds;
}

constexpr std::array kTypeNames = {"regular", "directory", "symlink", "hardlink", "character", "block", "fifo"};

/// One line in the format of tests/golden/tar/list_tar.py.
std::string listing_line(const testing::ReadMember& member) {
  const Entry& entry = member.entry;
  const bool is_device = entry.type == EntryType::character || entry.type == EntryType::block;
  std::string xattrs;
  for (const auto& [name, value] : entry.xattrs) {
    xattrs += (xattrs.empty() ? "" : ",") + escape(name) + "=" + escape(value);
  }
  std::string name = entry.name;
  while (name.ends_with('/')) name.pop_back();
  const std::string fields[] = {
      kTypeNames.at(static_cast<std::size_t>(entry.type)),
      octal_text(entry.mode),
      std::to_string(entry.uid),
      std::to_string(entry.gid),
      escape(entry.user_name),
      escape(entry.group_name),
      std::to_string(entry.size),
      time_text(entry.mtime),
      is_device ? std::to_string(entry.device_major) + ":" + std::to_string(entry.device_minor) : "-",
      escape(name),
      escape(entry.link_name),
      xattrs,
      entry.type == EntryType::regular ? hash::sha256(as_bytes(member.content)).hex() : "-",
  };
  std::string line;
  for (const std::string& field : fields) line += (line.empty() ? "" : "\t") + field;
  return line + "\n";
}

std::string listing(const std::string& text) {
  std::string lines;
  for (const testing::ReadMember& member : testing::read_tar(text).members) lines += listing_line(member);
  return lines;
}

class Golden : public ::testing::TestWithParam<const char*> {};

TEST_P(Golden, file_reads_as_python_reads_it) {
  const stdfs::path folder = stdfs::path(ACCEL_GOLDEN_DIR) / "tar";
  const std::string text = read_file(folder / (std::string(GetParam()) + ".tar"));
  EXPECT_EQ(listing(text), read_file(folder / (std::string(GetParam()) + ".txt")));
}

TEST_P(Golden, file_comes_out_byte_for_byte_unless_sparse) {
  const std::string text = read_file(stdfs::path(ACCEL_GOLDEN_DIR) / "tar" / (std::string(GetParam()) + ".tar"));
  const testing::ReadTar tar = testing::read_tar(text);
  EXPECT_EQ(tar.offset, text.size());
  if (std::string_view(GetParam()).find("sparse") == std::string_view::npos) {
    EXPECT_TRUE(tar.all_bytes() == text);
  } else {
    EXPECT_TRUE(tar.members.at(1).entry.sparse);
  }
}

INSTANTIATE_TEST_SUITE_P(Tar, Golden,
                         ::testing::Values("bsd-pax", "gnu-gnu", "gnu-posix", "gnu-sparse-0.0", "gnu-sparse-0.1",
                                           "gnu-sparse-1.0", "gnu-sparse", "gnu-ustar", "gnu-v7", "go", "python-gnu",
                                           "python-pax"),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           for (char& c : name) c = c == '-' || c == '.' ? '_' : c;
                           return name;
                         });

/// Everything `command` prints, or nothing when it fails.
std::string output_of(const std::string& command) {
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  std::string output;
  std::array<char, 4096> piece{};
  for (std::size_t count = 0; (count = std::fread(piece.data(), 1, piece.size(), pipe)) > 0;) {
    output.append(piece.data(), count);
  }
  return ::pclose(pipe) == 0 ? output : std::string();
}

Entry sample(std::string name, EntryType type, std::uint32_t mode) {
  Entry entry;
  entry.name = std::move(name);
  entry.type = type;
  entry.mode = mode;
  entry.uid = 1000;
  entry.gid = 2000;
  entry.user_name = "user";
  entry.group_name = "group";
  entry.mtime = {1'700'000'000, 0};
  return entry;
}

std::string written_sample() {
  Entry file = sample("dir/file", EntryType::regular, 0644);
  file.size = 5;
  Entry long_name = sample("dir/" + std::string(200, 'n') + "/caf\xC3\xA9", EntryType::regular, 04755);
  long_name.uid = 4'000'000'000;
  long_name.mtime = {-2, 250'000'000};
  long_name.xattrs["security.capability"] = std::string("\1\0\n=\xFF", 5);
  Entry split = sample(std::string(90, 'p') + "/" + std::string(90, 'q'), EntryType::regular, 0);
  Entry symlink = sample("dir/symlink", EntryType::symlink, 0777);
  symlink.link_name = std::string(150, 't');
  Entry hardlink = sample("dir/hardlink", EntryType::hardlink, 0644);
  hardlink.link_name = "dir/file";
  Entry device = sample("dir/null", EntryType::character, 0666);
  device.device_major = 1;
  device.device_minor = 3;
  Buffer out;
  for (const Entry& entry : {sample("dir/", EntryType::directory, 0755), file, long_name, split, symlink, hardlink,
                             device, sample("dir/fifo", EntryType::fifo, 0600)}) {
    write_header(entry, out);
    if (entry.size > 0) out.append(as_bytes("hello"));
    out.append_zeros(padding_size(entry.size));
  }
  write_end(out);
  return to_string(out.view());
}

TEST(GoldenWriter, other_programs_read_what_we_write) {
  if (output_of("command -v python3") == "" || output_of("command -v tar") == "") GTEST_SKIP() << "no python3 or tar";
  const std::string text = written_sample();
  const stdfs::path path = stdfs::temp_directory_path() / ("accel-tar-test-" + std::to_string(::getpid()) + ".tar");
  std::ofstream(path, std::ios::binary) << text;
  const std::string lister = (stdfs::path(ACCEL_GOLDEN_DIR) / "tar" / "list_tar.py").string();
  const std::string python = output_of("python3 '" + lister + "' '" + path.string() + "'");
  const std::string gnu = output_of("tar --list --quoting-style=literal --file='" + path.string() + "'");
  stdfs::remove(path);

  EXPECT_EQ(python, listing(text));
  std::string names;
  for (const testing::ReadMember& member : testing::read_tar(text).members) names += member.entry.name + "\n";
  EXPECT_EQ(gnu, names);
}

}  // namespace
}  // namespace accel::tar
