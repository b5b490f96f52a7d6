// Heads and chunked bodies of answers: pieces of any size give the same result.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "accel/base/error.hpp"
#include "accel/net/response_parser.hpp"

namespace {

using namespace accel;

struct Result {
  bool failed = false, head = false, body = false;
  int status = 0;
  std::string content;
  friend bool operator==(const Result&, const Result&) = default;
};

/// A fault in an unfinished head may be seen earlier or later; what is finished must be the same.
bool agree(const Result& a, const Result& b) {
  if (a.head != b.head) return false;
  return a.failed || b.failed || a == b;
}

/// Feeds `in` in pieces of `step` bytes, as a socket would, and reads the body into a buffer of `room` bytes.
Result parse(ByteView in, std::size_t step, std::size_t room) {
  Result result;
  net::ResponseParser parser(false, "fuzz");
  Bytes pending;
  Bytes out(room);
  try {
    for (std::size_t done = 0; done < in.size() && !result.body;) {
      const ByteView piece = in.subspan(done, std::min(step, in.size() - done));
      done += piece.size();
      pending.insert(pending.end(), piece.begin(), piece.end());
      if (!parser.head_done()) {
        const std::size_t taken = parser.put_head(pending);
        pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(taken));
        if (!parser.head_done()) continue;
        result.head = true;
        result.status = parser.status();
      }
      if (!parser.chunked() || result.status < 200) return result;
      while (!pending.empty() && !parser.body_done()) {
        const auto progress = parser.decode(pending, out);
        result.content.append(as_text(ByteView(out).first(progress.produced)));
        pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(progress.taken));
        if (progress.taken == 0 && progress.produced == 0) break;
      }
      result.body = parser.body_done();
    }
  } catch (const Unreachable&) {
    result.failed = true;
  }
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const ByteView in(reinterpret_cast<const std::byte*>(data), size);
  const Result whole = parse(in, size, 4096);
  if (!agree(parse(in, 1, 4096), whole) || !agree(parse(in, 7, 3), whole)) std::abort();
  return 0;
}
