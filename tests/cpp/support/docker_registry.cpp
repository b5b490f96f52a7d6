#include "support/docker_registry.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace accel::testing {

bool DockerRegistry::available() { return program_exists("docker-registry"); }

DockerRegistry::DockerRegistry(Setup setup) {
  // The registry syncs each upload to disk; in memory its tests take half the time and do not wait for a busy disk.
  const bool memory = std::getenv("TMPDIR") == nullptr && ::access("/dev/shm", W_OK) == 0;
  const std::filesystem::path parent = memory ? "/dev/shm" : std::filesystem::temp_directory_path();
  directory_ = (parent / "accel-registry-XXXXXX").string();
  if (::mkdtemp(directory_.data()) == nullptr) throw std::runtime_error("make a directory " + directory_);
  // Another process may take the free port before the registry does: then it ends at once and we try another.
  for (int round = 0; round < 3; ++round) {
    if (start(setup)) return;
  }
  const std::string text = log();
  std::filesystem::remove_all(directory_);
  throw std::runtime_error("docker-registry does not come up: " + text);
}

DockerRegistry::~DockerRegistry() {
  process_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

bool DockerRegistry::start(const Setup& setup) {
  port_ = free_port();
  const std::string config = directory_ + "/config.yml";
  std::ofstream out(config);
  out << "version: 0.1\nlog: {level: info}\nstorage:\n  filesystem: {rootdirectory: " << directory_
      << "/store}\n  delete: {enabled: true}\nhttp:\n  addr: 127.0.0.1:" << port_ << "\n";
  if (!setup.tls_certificate.empty()) {
    out << "  tls: {certificate: " << setup.tls_certificate << ", key: " << setup.tls_key;
    if (!setup.client_ca.empty()) out << ", clientcas: [" << setup.client_ca << "]";
    out << "}\n";
  }
  if (!setup.auth.empty()) out << "auth:\n" << setup.auth << "\n";
  out.close();
  process_ =
      std::make_unique<ChildProcess>(std::vector<std::string>{"docker-registry", "serve", config}, directory_ + "/log");
  for (int i = 0; i < 3000 && process_->running(); ++i) {
    if (port_answers(port_)) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

std::string DockerRegistry::host() const { return "127.0.0.1:" + std::to_string(port_); }

std::string DockerRegistry::log() const {
  std::ostringstream text;
  text << std::ifstream(directory_ + "/log").rdbuf();
  return text.str();
}

}  // namespace accel::testing
