// Documents of OCI and Docker: whatever a parser takes, the writer must give back with the same meaning.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "accel/base/error.hpp"
#include "accel/base/json.hpp"
#include "accel/oci/json.hpp"

namespace {

using namespace accel;

void check(bool good) {
  if (!good) std::abort();
}

/// What a parser does with text it may refuse; any exception but those of the contract ends the run.
template <class Action>
void attempt(Action action) {
  try {
    action();
  } catch (const FormatError& error) {
    check(std::string_view(error.what()).size() < 10'000);  // no document is quoted whole
  } catch (const UnsupportedError&) {
  }
}

void check_config(std::string_view text) {
  const oci::ImageConfig config = oci::parse_config(text);
  check(oci::non_empty_history(config) <= config.history.size());
  const oci::ImageConfig again = oci::parse_config(oci::to_json(config, true));
  check(again.diff_ids == config.diff_ids && again.platform == config.platform);
  check(again.history.size() == config.history.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  attempt([&] {
    const json::Value value = json::parse(text, "document");
    check(json::parse(value.compact(), "document").compact() == value.compact());
  });
  attempt([&] { oci::sniff_media_type(text); });
  attempt([&] {
    const oci::Manifest manifest = oci::parse_manifest(text);
    check(oci::parse_manifest(oci::to_json(manifest)) == manifest);
  });
  attempt([&] {
    const oci::Index index = oci::parse_index(text);
    check(oci::parse_index(oci::to_json(index)) == index);
  });
  attempt([&] {
    const oci::Descriptor descriptor = oci::parse_descriptor(text);
    check(oci::parse_descriptor(oci::to_json(descriptor)) == descriptor);
  });
  attempt([&] { check_config(text); });
  return 0;
}
