/// An environment of Python with the hooks of one call.
#pragma once

#include "accel/convert/request.hpp"
#include "callbacks.hpp"

namespace accel::bindings {

inline convert::Environment with_hooks(convert::Environment environment, const NativeHooks& native) {
  environment.progress = native.progress;
  environment.log = native.log;
  environment.cancel = native.cancel;
  return environment;
}

}  // namespace accel::bindings
