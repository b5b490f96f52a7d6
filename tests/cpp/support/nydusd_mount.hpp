/// An image mounted over FUSE by nydusd, where the machine has and allows it.
#pragma once

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "support/child_process.hpp"
#include "support/peer_program.hpp"
#include "support/temp_directory.hpp"

namespace accel::testing {

class NydusdMount {
 public:
  /// Mounts `bootstrap`, whose blobs are files in `blobs` named by their ids. On machines that cannot, `why_not` says
  /// why; throws std::runtime_error with what nydusd says when it does not mount.
  NydusdMount(const std::filesystem::path& bootstrap, const std::filesystem::path& blobs) {
    const std::string program = peer_program("nydus-rs/bin/nydusd");
    if (program.empty()) why_not = "nydusd is not installed";
    if (::geteuid() != 0) why_not = "mounting needs root";
    if (::access("/dev/fuse", R_OK | W_OK) != 0) why_not = "there is no /dev/fuse";
    if (!why_not.empty()) return;
    std::filesystem::create_directories(work_ / "mount");
    std::filesystem::create_directories(work_ / "cache");
    const auto config =
        work_.write("config.json",
                    R"({"device": {"backend": {"type": "localfs", "config": {"dir": ")" + blobs.string() +
                        R"("}}, "cache": {"type": "blobcache", "config": {"work_dir": ")" + (work_ / "cache").string() +
                        R"("}}}, "mode": "direct", "digest_validate": false, "enable_xattr": true})");
    // The limit of open files can be raised by few containers.
    daemon_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{program, "fuse", "--rlimit-nofile", "0", "--log-level", "warn", "--config", config,
                                 "--bootstrap", bootstrap, "--mountpoint", root()},
        work_ / "log");
    for (int i = 0; i < 3000 && !is_mounted(); ++i) {
      if (!daemon_->running()) throw std::runtime_error("nydusd: " + work_.read("log"));
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    if (!is_mounted()) throw std::runtime_error("nydusd does not mount: " + work_.read("log"));
  }
  NydusdMount(const NydusdMount&) = delete;
  NydusdMount& operator=(const NydusdMount&) = delete;
  ~NydusdMount() {
    if (daemon_ && ::umount2(root().c_str(), MNT_DETACH) != 0) std::perror("umount");
  }

  [[nodiscard]] std::filesystem::path root() const { return work_ / "mount"; }
  /// What nydusd has said so far.
  [[nodiscard]] std::string log() const { return work_.read("log"); }
  std::string why_not;

 private:
  [[nodiscard]] bool is_mounted() const {
    struct stat above {};
    struct stat point {};
    return ::stat(work_.path().c_str(), &above) == 0 && ::stat(root().c_str(), &point) == 0 &&
           above.st_dev != point.st_dev;
  }

  TempDirectory work_;
  std::unique_ptr<ChildProcess> daemon_;
};

}  // namespace accel::testing
