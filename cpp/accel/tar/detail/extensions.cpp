#include "accel/tar/detail/extensions.hpp"

#include "accel/base/error.hpp"

namespace accel::tar::detail {

void Extensions::begin_entry() noexcept {
  records_.clear();
  long_name_.clear();
  long_link_.clear();
  pending_ = false;
}

void Extensions::add(char type, ByteView payload) {
  if (type == 'g') return;  // global records: Docker and containerd ignore them, so an image has been tested without
  pending_ = true;
  if (type == 'x') {
    bytes_.clear();
    bytes_.append(payload);
    parse_pax(bytes_.view(), records_);
    return;
  }
  const std::string_view text = as_text(payload);
  (type == 'L' ? long_name_ : long_link_) = text.substr(0, text.find('\0'));
}

void Extensions::apply(Entry& entry) const {
  for (const PaxRecord& record : records_.records) {
    if (!record.value.empty()) apply_pax_record(record, entry);
  }
  // Go's archive/tar, too, lets GNU names win over PAX ones.
  if (!long_name_.empty()) entry.name = long_name_;
  if (!long_link_.empty()) entry.link_name = long_link_;
}

}  // namespace accel::tar::detail
