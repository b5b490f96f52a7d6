/// Whether two image configs mean the same to a runtime.
#pragma once

#include <string_view>
#include <vector>

#include "accel/convert/request.hpp"

namespace accel::convert {

/// Compares what a container gets from its image: every member of `config` (Env, Cmd, Entrypoint, WorkingDir, User,
/// ExposedPorts, Volumes, Labels, StopSignal, …) but `Image`, which names the parent image, and os, architecture,
/// variant, os.version and os.features. Absent, null and empty are the same; so is the order of members. Differences
/// have path "config" and the member as field. Throws FormatError when a text is no JSON object.
std::vector<Difference> compare_configs(std::string_view source_json, std::string_view target_json);

}  // namespace accel::convert
