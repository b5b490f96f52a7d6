/// What extension headers (PAX 'x' and 'g', GNU 'L' and 'K') say about the entry that follows them.
#pragma once

#include <string>

#include "accel/base/bytes.hpp"
#include "accel/tar/entry.hpp"
#include "accel/tar/pax.hpp"

namespace accel::tar::detail {

class Extensions {
 public:
  static bool is_extension(char type) noexcept { return type == 'x' || type == 'g' || type == 'L' || type == 'K'; }

  /// Forgets what was said about the last entry.
  void begin_entry() noexcept;
  /// Takes the payload of an extension header of `type`. A second one of a type replaces the first.
  /// Throws FormatError (without position).
  void add(char type, ByteView payload);
  /// True when an extension header waits for its file; global ones do not and are ignored.
  [[nodiscard]] bool pending() const noexcept { return pending_; }
  /// Puts what was said over what the file's own header says. Throws FormatError (without position).
  void apply(Entry& entry) const;
  /// Records of the last 'x' header.
  [[nodiscard]] const PaxRecords& records() const noexcept { return records_; }

 private:
  Buffer bytes_;  ///< what records_ looks into
  PaxRecords records_;
  std::string long_name_, long_link_;
  bool pending_ = false;
};

}  // namespace accel::tar::detail
