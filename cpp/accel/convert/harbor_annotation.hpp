/// What Harbor shows beside an artifact that was made of another. Spec: service.md section 13.
#pragma once

#include <string_view>

namespace accel::convert {

inline constexpr std::string_view kHarborDriverName = "io.goharbor.artifact.v1alpha1.acceleration.driver.name";
inline constexpr std::string_view kHarborDriverVersion = "io.goharbor.artifact.v1alpha1.acceleration.driver.version";
inline constexpr std::string_view kHarborSourceDigest = "io.goharbor.artifact.v1alpha1.acceleration.source.digest";

}  // namespace accel::convert
