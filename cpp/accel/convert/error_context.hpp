/// Says on errors that pass by which image, platform or layer they belong to.
#pragma once

#include <string>
#include <string_view>

#include "accel/base/error.hpp"
#include "accel/hash/digest.hpp"

namespace accel::convert {

/// Runs `work`; any accel::Error that leaves it gets `context` in front of its text, except Cancelled, which needs
/// no place. The error keeps its type and fields.
template <class F>
auto with_context(std::string_view context, F&& work) {
  try {
    return work();
  } catch (Cancelled&) {
    throw;
  } catch (Error& error) {
    error.add_context(context);
    throw;
  }
}

/// with_context for work on one image. A FormatError that gives no hint gets one: transfers are checked against their
/// digests, so wrong bytes that get this far are what was pushed, and reading them again does not help.
template <class F>
auto with_image_context(std::string_view context, F&& work) {
  return with_context(context, [&] {
    try {
      return work();
    } catch (FormatError& error) {
      error.add_hint("the image itself is damaged; build it again and push it");
      throw;
    }
  });
}

/// What to do about a conversion whose result is not right.
inline constexpr std::string_view kWrongResultHint = "no tag was written; keep the source and report this";

/// with_context for reading back what this program has just written: when that is wrong, the image is not to blame,
/// whatever its reader thinks.
template <class F>
auto with_result_context(std::string_view context, F&& work) {
  const auto blame = [](Error& error) {
    error.add_context("the result is wrong");
    error.replace_hint(kWrongResultHint);
  };
  return with_context(context, [&] {
    try {
      return work();
    } catch (FormatError& error) {
      blame(error);
      throw;
    } catch (DigestMismatch& error) {
      blame(error);
      throw;
    }
  });
}

/// with_context for work on one blob: "blob sha256:0123456789ab", unless the error names it already.
template <class F>
auto with_blob_context(const hash::Digest& blob, F&& work) {
  const std::string name = blob.short_string();
  try {
    return work();
  } catch (Cancelled&) {
    throw;
  } catch (Error& error) {
    if (std::string_view(error.what()).find(name) == std::string_view::npos) error.add_context("blob " + name);
    throw;
  }
}

/// with_context for work on one layer: "layer sha256:0123456789ab", and FormatError learns the whole digest.
template <class F>
auto with_layer_context(const hash::Digest& layer, F&& work) {
  return with_context("layer " + layer.short_string(), [&] {
    try {
      return work();
    } catch (FormatError& error) {
      error.set_digest(layer.to_string());
      throw;
    }
  });
}

}  // namespace accel::convert
