// PAX: records, numbers, times, sparse maps of every kind; what parses must come back from its own text.
#include <cstdlib>
#include <string>

#include "accel/base/error.hpp"
#include "accel/tar/pax.hpp"
#include "accel/tar/sparse.hpp"

namespace {

using namespace accel;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_records(ByteView payload) {
  tar::PaxRecords records;
  tar::parse_pax(payload, records);
  std::string again;
  for (const tar::PaxRecord& record : records.records) {
    require(!record.key.empty() && records.find(record.key) == &record);
    tar::append_pax_record(record.key, record.value, again);
  }
  tar::PaxRecords reparsed;
  tar::parse_pax(as_bytes(again), reparsed);
  require(reparsed.records.size() == records.records.size());

  tar::Entry entry;
  for (const tar::PaxRecord& record : records.records) {
    try {
      if (!record.value.empty()) tar::apply_pax_record(record, entry);
    } catch (const FormatError&) {
    }
  }
  require(tar::parse_pax_time(tar::format_pax_time(entry.mtime)) == entry.mtime);

  if (auto sparse = tar::parse_pax_sparse(records)) {
    std::uint64_t stored = 0;
    for (const tar::SparseSegment& segment : sparse->map) stored += segment.size;
    tar::check_sparse_map(sparse->map, sparse->real_size.value_or(stored), stored);
  }
}

void check_sparse_payload(ByteView payload) {
  tar::SparseMapReader reader;
  while (payload.size() >= tar::kBlockSize) {
    if (reader.feed(payload.first<tar::kBlockSize>())) {
      tar::SparseMap map = std::move(reader).take();
      tar::check_sparse_map(map, 1U << 20U, 1U << 10U);
      return;
    }
    payload = payload.subspan(tar::kBlockSize);
  }
}

template <class Check>
void refuse_or(Check check) {
  try {
    check();
  } catch (const FormatError&) {
  } catch (const UnsupportedError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  refuse_or([&] { check_records(input); });
  refuse_or([&] { check_sparse_payload(input); });
  if (const auto time = tar::parse_pax_time(as_text(input))) {
    require(tar::parse_pax_time(tar::format_pax_time(*time)) == time);
  }
  return 0;
}
