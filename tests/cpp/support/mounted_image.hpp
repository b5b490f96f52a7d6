/// A read-only EROFS mount of image files, where the machine allows it.
#pragma once

#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/temp_directory.hpp"

namespace accel::testing {

/// A loop device over a file, for as long as it lives.
class LoopDevice {
 public:
  /// `path` stays empty where the machine has no loop devices to give.
  explicit LoopDevice(const std::filesystem::path& file) {
    const std::string command = "losetup --read-only --find --show '" + file.string() + "' 2>/dev/null";
    if (std::FILE* const output = ::popen(command.c_str(), "r")) {
      char line[64] = {};
      if (std::fgets(line, sizeof line, output) != nullptr) path = std::string(line, std::strcspn(line, "\n"));
      if (::pclose(output) != 0) path.clear();
    }
  }
  LoopDevice(LoopDevice&& other) noexcept : path(std::exchange(other.path, {})) {}
  LoopDevice& operator=(LoopDevice&&) = delete;
  ~LoopDevice() {
    if (path.empty()) return;
    const std::string command = "losetup --detach " + path;
    if (std::system(command.c_str()) != 0) std::perror(command.c_str());
  }

  std::string path;
};

class MountedImage {
 public:
  /// Mounts `image` with the files of `devices` as its further devices. On machines that cannot, `why_not` says why;
  /// throws std::runtime_error when the kernel refuses the image.
  MountedImage(const std::filesystem::path& image, const std::vector<std::filesystem::path>& devices) {
    if (::geteuid() != 0) {
      why_not = "mounting needs root";
      return;
    }
    std::ifstream list("/proc/filesystems");
    const std::string types((std::istreambuf_iterator<char>(list)), {});
    if (types.find("\terofs\n") == std::string::npos) {
      why_not = "this kernel has no EROFS";
      return;
    }
    loops_.emplace_back(image);
    std::string options;
    for (const auto& device : devices) {
      loops_.emplace_back(device);
      options += (options.empty() ? "device=" : ",device=") + loops_.back().path;
    }
    for (const LoopDevice& loop : loops_) {
      if (loop.path.empty()) why_not = "there is no loop device to be had";
    }
    if (!why_not.empty()) return;
    mounted_ = ::mount(loops_[0].path.c_str(), point_.path().c_str(), "erofs", MS_RDONLY, options.c_str()) == 0;
    if (mounted_) return;
    if (errno != EPERM) throw std::runtime_error("mount: " + std::string(std::strerror(errno)) + " (" + options + ")");
    why_not = "mounting is not permitted here";
  }
  MountedImage(const MountedImage&) = delete;
  MountedImage& operator=(const MountedImage&) = delete;
  ~MountedImage() {
    if (mounted_ && ::umount(point_.path().c_str()) != 0) std::perror("umount");
  }

  [[nodiscard]] const std::filesystem::path& root() const noexcept { return point_.path(); }
  std::string why_not;

 private:
  TempDirectory point_;
  std::vector<LoopDevice> loops_;
  bool mounted_ = false;
};

}  // namespace accel::testing
