#include "support/certificates.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

#include "support/child_process.hpp"

namespace accel::testing {

bool CertificateAuthority::available() { return program_exists("openssl"); }

CertificateAuthority::CertificateAuthority(std::filesystem::path directory, const std::string& name)
    : directory_(std::move(directory)) {
  self_ = {(directory_ / (name + ".crt")).string(), (directory_ / (name + ".key")).string()};
  run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test-authority -keyout " +
      self_.key + " -out " + self_.certificate);
}

CertificateAuthority::Issued CertificateAuthority::issue(const std::string& name, const std::string& subject_alt_name,
                                                         const std::string& key_type) {
  const std::string stem = (directory_ / name).string();
  const Issued issued{stem + ".crt", stem + ".key"};
  const std::string key = key_type == "rsa" ? "-newkey rsa:2048" : "-newkey ec -pkeyopt ec_paramgen_curve:P-256";
  run("req " + key + " -nodes -subj /CN=" + name + " -keyout " + issued.key + " -out " + stem + ".csr");
  std::ofstream(stem + ".ext") << "subjectAltName=" << subject_alt_name << "\n";
  run("x509 -req -days 2 -in " + stem + ".csr -CA " + self_.certificate + " -CAkey " + self_.key +
      " -CAcreateserial -extfile " + stem + ".ext -out " + issued.certificate);
  return issued;
}

void CertificateAuthority::run(const std::string& arguments) {
  std::vector<std::string> words{"openssl"};
  std::istringstream in(arguments);
  for (std::string word; in >> word;) words.push_back(word);
  const std::string log = (directory_ / "openssl.log").string();
  if (run_program(words, log) == 0) return;
  std::ostringstream text;
  text << std::ifstream(log).rdbuf();
  throw std::runtime_error("openssl " + arguments + ": " + text.str());
}

}  // namespace accel::testing
