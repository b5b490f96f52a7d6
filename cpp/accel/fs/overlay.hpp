/// How a layer says that something of the layers below is gone: OCI image-spec, layer.md, "Whiteouts".
#pragma once

#include <cstdint>
#include <string_view>

namespace accel::fs {

struct Whiteout {
  enum class Kind : std::uint8_t {
    none,       ///< an ordinary name
    file,       ///< `.wh.NAME`: `target` of `directory` is gone
    opaque,     ///< `.wh..wh..opq`: everything in `directory` is gone
    reserved,   ///< other names with `.wh..wh.`: bookkeeping of AUFS, no files
    malformed,  ///< names no file (`.wh.`, `.wh..`, `.wh...`), or a path below a whiteout
  };
  Kind kind = Kind::none;
  std::string_view directory, target;
};

/// What a clean path means in a layer. Views into `path`.
Whiteout whiteout_of(std::string_view path) noexcept;

}  // namespace accel::fs
