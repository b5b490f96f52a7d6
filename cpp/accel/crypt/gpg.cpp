#include "accel/crypt/gpg.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "accel/base/error.hpp"
#include "accel/crypt/program.hpp"
#include "accel/io/temp_file.hpp"

namespace accel::crypt {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kLimit{60'000};
constexpr const char* kProgram = "gpg";

void need_gpg() {
  if (!gpg_available()) {
    throw UnsupportedError("OpenPGP needs the program gpg, which is not in PATH", "install gnupg, or use jwe or pkcs7");
  }
}

/// The first line that says what is wrong, without gpg's "gpg: ".
std::string first_line(const std::string& errors) {
  std::string line = errors.substr(0, std::min<std::size_t>(errors.find('\n'), 300));
  if (line.starts_with("gpg: ")) line.erase(0, 5);
  return line;
}

/// A GNUPGHOME of one decryption. gpg starts an agent for it, which must go with it.
class PrivateHome {
 public:
  PrivateHome() : path_((fs::temp_directory_path() / "accel-gpg-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) throw StoreError("create a directory", path_, errno);
    // The agent stretches the password anew for a copy that lives for a second; measuring how much takes it longer.
    io::write_file_atomically(fs::path(path_) / "gpg-agent.conf", as_bytes("s2k-count 65536\n"));
  }
  PrivateHome(const PrivateHome&) = delete;
  PrivateHome& operator=(const PrivateHome&) = delete;
  ~PrivateHome() {
    try {
      run_program({"gpgconf", "--homedir", path_, "--kill", "all"}, {}, nullptr, kLimit);
    } catch (const std::exception&) {
      // Without gpgconf the agent ends by itself when its directory is gone.
    }
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::vector<std::string> command(std::initializer_list<std::string> more) {
  std::vector<std::string> arguments = {kProgram, "--batch", "--no-tty", "--yes", "--quiet"};
  arguments.insert(arguments.end(), more);
  return arguments;
}

}  // namespace

bool gpg_available() {
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    if (::access((std::string(rest.substr(0, end)) + "/" + kProgram).c_str(), X_OK) == 0) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

Bytes gpg_encrypt(ByteView plaintext, const std::vector<std::string>& names) {
  need_gpg();
  // Trust is the user's business: naming a recipient is the decision, as in ocicrypt, which asks no web of trust
  // either.
  auto arguments = command({"--trust-model", "always", "--cipher-algo", "AES256", "--compress-algo", "none"});
  for (const std::string& name : names) {
    arguments.emplace_back("--recipient");
    // "<address>" is that address alone; a bare one would also match parts of others.
    arguments.push_back(name.find('@') != std::string::npos && name.find('<') == std::string::npos ? "<" + name + ">"
                                                                                                   : name);
  }
  arguments.insert(arguments.end(), {"--output", "-", "--encrypt"});
  ProgramResult result = run_program(arguments, plaintext, nullptr, kLimit);
  if (result.exit_code != 0 || result.output.empty()) {
    throw ConfigError("pgp: gpg could not encrypt: " + first_line(result.errors),
                      "list the keys it has with \"gpg --list-keys\"");
  }
  return std::move(result.output);
}

bool is_gpg_secret_keys(ByteView bytes) noexcept {
  constexpr std::string_view kArmour = "-----BEGIN PGP PRIVATE KEY BLOCK-----";
  if (as_text(bytes).find(kArmour) != std::string_view::npos) return true;
  if (bytes.empty()) return false;
  // A packet with tag 5, in the old or the new form (RFC 4880 section 4.2).
  const auto first = static_cast<unsigned>(bytes.front());
  return (first & 0xfcU) == 0x94U || first == 0xc5U;
}

std::optional<Bytes> gpg_decrypt(ByteView packet, ByteView secret_keys, const std::string& password) {
  need_gpg();
  const PrivateHome home;
  const auto run = [&](std::initializer_list<std::string> more, ByteView input) {
    auto arguments = command({"--homedir", home.path(), "--pinentry-mode", "loopback", "--passphrase-fd", "3"});
    arguments.insert(arguments.end(), more);
    return run_program(arguments, input, &password, kLimit);
  };
  if (const ProgramResult imported = run({"--import"}, secret_keys); imported.exit_code != 0) {
    throw ConfigError("pgp: gpg could not read the secret keys: " + first_line(imported.errors));
  }
  ProgramResult result = run({"--output", "-", "--decrypt"}, packet);
  if (result.exit_code != 0) return std::nullopt;
  return std::move(result.output);
}

}  // namespace accel::crypt
