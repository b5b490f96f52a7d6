// The merge of layers' bootstraps into the image's, as files in and out, so that another program can do the same.
// Usage: nydus_merge_bench make DIR LAYERS FILES [5|6]   writes DIR/<64 hex digits>, one bootstrap a layer, lowest
// first
//        nydus_merge_bench merge OUTPUT BOOTSTRAP...
#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/merge.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/io/file.hpp"
#include "nydus_layers.hpp"

namespace {

using namespace accel;
using namespace accel::formats::nydus;

void write_file(const std::string& name, ByteView bytes) {
  std::FILE* file = std::fopen(name.c_str(), "wb");
  const bool written = file != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  if (file == nullptr || std::fclose(file) != 0 || !written) throw StoreError("write " + name, name, errno);
}

Buffer read_file(const std::string& name) {
  io::FileSource source(name);
  Buffer content;
  content.resize(static_cast<std::size_t>(source.size()));
  source.read_at(0, {content.data(), content.size()});
  return content;
}

/// Readers that are not told otherwise take a layer's file name for the digest of its blob.
std::string blob_name(std::size_t number) {
  char name[65];
  std::snprintf(name, sizeof name, "%064zx", number + 1);
  return name;
}

void make(const std::string& folder, std::size_t layers, std::size_t files, FsVersion version) {
  const std::vector<Buffer> bootstraps = make_bootstraps(version, layers, files);
  for (std::size_t i = 0; i < bootstraps.size(); ++i) write_file(folder + "/" + blob_name(i), bootstraps[i].view());
}

void merge(const std::string& output, const std::vector<std::string>& inputs) {
  Merger merger;
  for (const std::string& input : inputs) {
    const Buffer bootstrap = read_file(input);
    const std::string name = input.substr(input.rfind('/') + 1);
    merger.add({.rafs = read_bootstrap(bootstrap.view()), .blob = hash::Digest::parse("sha256:" + name)});
  }
  write_file(output, write_bootstrap(merger.finish({})).view());
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (arguments.size() >= 4 && arguments[0] == "make") {
      const bool v5 = arguments.size() > 4 && arguments[4] == "5";
      make(arguments[1], std::stoul(arguments[2]), std::stoul(arguments[3]), v5 ? FsVersion::v5 : FsVersion::v6);
    } else if (arguments.size() >= 3 && arguments[0] == "merge") {
      merge(arguments[1], {arguments.begin() + 2, arguments.end()});
    } else {
      std::fputs("usage: nydus_merge_bench make DIR LAYERS FILES [5|6] | merge OUTPUT BOOTSTRAP...\n", stderr);
      return 2;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
  return 0;
}
