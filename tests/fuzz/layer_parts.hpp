/// Layers put together from what the fuzzer invents: TOC, tar-split data and tar stream reach the readers' logic
/// without having to pass through checksums of compressed bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/formats/all_formats.hpp"
#include "accel/io/memory.hpp"
#include "accel/tar/path.hpp"

namespace accel::fuzz {

/// An input: flags, sizes of TOC and tar-split data, places where the tar stream is cut into units, then all of them.
///
///     u8 flags · u16 toc size · u16 tar-split size · u8 cuts · u16 cut[cuts] · toc · tar-split · tar
struct LayerParts {
  std::uint8_t flags = 0;
  ByteView toc, tar_split, tar;
  std::vector<std::size_t> cuts;

  explicit LayerParts(ByteView input) {
    flags = number<std::uint8_t>(input);
    const auto toc_size = number<std::uint16_t>(input);
    const auto tar_split_size = number<std::uint16_t>(input);
    for (auto left = number<std::uint8_t>(input); left > 0 && input.size() >= 2; --left) {
      cuts.push_back(number<std::uint16_t>(input));
    }
    toc = piece(input, toc_size);
    tar_split = piece(input, tar_split_size);
    tar = input;
    std::sort(cuts.begin(), cuts.end());
  }

  /// The tar stream as units.
  [[nodiscard]] Buffer units(codec::UnitEncoder& encoder) const {
    Buffer blob;
    std::size_t begin = 0;
    for (const std::size_t cut : cuts) {
      if (cut <= begin || cut >= tar.size()) continue;
      encoder.encode(tar.subspan(begin, cut - begin), blob);
      begin = cut;
    }
    encoder.encode(tar.subspan(begin), blob);
    return blob;
  }

 private:
  template <class T>
  static T number(ByteView& input) {
    if (input.size() < sizeof(T)) {
      input = {};
      return 0;
    }
    const T value = load_le<T>(input.data());
    input = input.subspan(sizeof(T));
    return value;
  }
  static ByteView piece(ByteView& input, std::size_t size) {
    const ByteView front = input.first(std::min(size, input.size()));
    input = input.subspan(front.size());
    return front;
  }
};

/// Does everything a reader can do; only the errors of its contract may come out.
inline void use_layer(const oci::Descriptor& layer, ByteView blob, const Bytes& external_toc = {}) {
  struct Visitor final : formats::LayerVisitor {
    void entry(const tar::Entry& entry, const hash::Digest&) override { names.push_back(tar::clean_path(entry.name)); }
    std::vector<std::string> names;
  };
  formats::OpenOptions options;
  options.decode_limits = {1100, 1U << 20U, 4U << 20U};
  options.max_toc_bytes = 1U << 20U;
  options.max_toc_entries = 10'000;
  options.external_toc = [&](const oci::Descriptor&) { return std::optional<Bytes>(external_toc); };
  const auto attempt = [](auto action) {
    try {
      action();
    } catch (const FormatError&) {
    } catch (const DigestMismatch&) {
    } catch (const UnsupportedError&) {
    }
  };
  attempt([&] {
    const auto reader = formats::open_layer(layer, std::make_shared<io::MemorySource>(blob), options);
    Visitor listed;
    attempt([&] { static_cast<void>(reader->summary()); });
    attempt([&] { reader->list(listed); });
    attempt([&] {
      Visitor visitor;
      reader->verify(visitor, {}, {});
      // What verifies is what the TOC lists, however it is read.
      if (visitor.names != listed.names) std::abort();
    });
    Bytes out(4096);
    for (std::size_t i = 0; i < std::min<std::size_t>(listed.names.size(), 20); ++i) {
      attempt([&] { reader->read_file(listed.names[i], i * 7, out); });
    }
  });
}

}  // namespace accel::fuzz
