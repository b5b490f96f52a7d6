#include "accel/oci/annotation.hpp"

namespace accel::oci {

std::string annotation(const Annotations& annotations, std::string_view key) {
  const auto found = annotations.find(std::string(key));
  return found == annotations.end() ? std::string() : found->second;
}

std::string annotation(const Descriptor& descriptor, std::string_view key) {
  return annotation(descriptor.annotations, key);
}

}  // namespace accel::oci
