// References and platforms: what is accepted is in normal form, which reads back as itself.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "accel/base/error.hpp"
#include "accel/oci/platform.hpp"
#include "accel/oci/reference.hpp"

namespace {

using namespace accel;

void check(bool good) {
  if (!good) std::abort();
}

void check_reference(std::string_view text) {
  const oci::Reference reference = oci::Reference::parse(text);
  check(oci::Reference::parse(reference.to_string()) == reference);
  check(reference.name().size() <= 255);
  check(reference.tag.empty() || oci::is_tag(reference.tag));
  check(!reference.target().empty());
  check(reference.repository.find("..") == std::string::npos);
}

void check_platform(std::string_view text) {
  const oci::Platform platform = oci::Platform::parse(text);
  check(oci::Platform::parse(platform.to_string()) == platform);
  check(platform.matches(platform));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    check_reference(text);
  } catch (const InvalidReference&) {
  }
  try {
    check_platform(text);
  } catch (const ConfigError&) {
  }
  return 0;
}
