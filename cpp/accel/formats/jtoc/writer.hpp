/// Writes TOC JSON as text, entry by entry: compact, keys in a fixed order, no tree of values in between.
#pragma once

#include "accel/base/bytes.hpp"
#include "accel/formats/jtoc/entry.hpp"

namespace accel::formats::jtoc {

/// Appends `entry` as one JSON object. Its texts must be UTF-8 and its times representable. Spec: estargz.md 5.2.
void append_entry(const Entry& entry, Buffer& out);

/// Builds the document while a layer is written, so that only its text is kept: about 250 bytes a file.
class TocWriter {
 public:
  /// Leaves `front_bytes` free (undefined) in front of the JSON, so that a header can be put there without a copy.
  explicit TocWriter(std::size_t front_bytes = 0);

  void add(const Entry& entry);
  /// Adds entries that append_entry wrote, each preceded by a comma.
  void add_text(ByteView comma_led_entries);
  /// Bytes so far, the front bytes included.
  [[nodiscard]] std::size_t size() const noexcept { return json_.size(); }
  /// Ends the document and gives away front bytes and JSON; nothing follows its closing brace. `tar_split_digest` may
  /// be empty. Called once, last.
  Buffer finish(const hash::Digest& tar_split_digest = {});

 private:
  Buffer json_;
  bool first_ = true;
};

}  // namespace accel::formats::jtoc
