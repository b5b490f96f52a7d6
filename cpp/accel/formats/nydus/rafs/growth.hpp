/// Vectors of a file system grow by a quarter, not by doubling: for images of many files their unused room and the copy
/// while they grow are what memory peaks are made of.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace accel::formats::nydus {

/// Makes room for one more element in a vector or string.
template <class Container>
void make_room(Container& container, std::size_t more = 1) {
  const std::size_t wanted = container.size() + more;
  if (wanted <= container.capacity()) return;
  constexpr std::size_t kLeast = 16;
  container.reserve(wanted + container.size() / 4 + kLeast);
}

template <class T>
void append_sparing(std::vector<T>& vector, T value) {
  make_room(vector);
  vector.push_back(std::move(value));
}

}  // namespace accel::formats::nydus
