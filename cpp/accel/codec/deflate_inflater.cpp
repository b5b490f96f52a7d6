#include "accel/codec/deflate_inflater.hpp"

#include <algorithm>
#include <cstring>

#include "accel/base/endian.hpp"
#include "accel/codec/deflate_bulk.hpp"

namespace accel::codec {

using namespace deflate;

namespace {

/// The order in which a block's header has the lengths of the code that code lengths are written in.
constexpr std::array<std::uint8_t, kLengthSymbols> kLengthOrder{16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                                11, 4,  12, 3, 13, 2, 14, 1, 15};
constexpr std::uint32_t kMostLiterals = 286;
constexpr std::uint32_t kMostDistances = 30;
constexpr std::size_t kEndSymbol = 256;
/// Room for several windows, so that small pieces of output do not move the window each.
constexpr std::size_t kHistorySize = 4 * kWindowSize;

}  // namespace

DeflateInflater::DeflateInflater() : history_(kHistorySize) {}

void DeflateInflater::start() noexcept {
  bits_ = 0;
  bit_count_ = 0;
  state_ = State::block_header;
  history_.clear();
  window_size_ = 0;
}

DeflateInflater::Step DeflateInflater::run(ByteView input, MutableByteView out, std::size_t filled) noexcept {
  in_ = input.data();
  in_end_ = in_ + input.size();
  out_begin_ = out.data();
  out_ = out_begin_ + filled;
  out_end_ = out_begin_ + out.size();
  error_ = nullptr;
  while (advance()) {
  }
  const auto consumed = static_cast<std::size_t>(in_ - input.data());
  remember_input(input, consumed);
  return {.consumed = consumed,
          .produced = static_cast<std::size_t>(out_ - out_begin_) - filled,
          .stop = stop_,
          .error = error_};
}

bool DeflateInflater::advance() noexcept {
  switch (state_) {
    case State::block_header:
      return block_header();
    case State::stored_size:
      return stored_size();
    case State::stored:
      return stored();
    case State::table_sizes:
      return table_sizes();
    case State::length_code:
      return length_code();
    case State::code_lengths:
      return code_lengths();
    case State::symbols:
      return symbols();
    case State::match:
      return match();
    case State::ended:
      stop_ = Stop::end;
      return false;
    case State::failed:
      break;
  }
  return fail("it was read on after it failed");
}

bool DeflateInflater::block_header() noexcept {
  if (!have(3)) return need_input();
  last_block_ = take(1) != 0;
  switch (take(2)) {
    case 0:
      take(bit_count_ % 8);
      state_ = State::stored_size;
      return true;
    case 1:
      if (!fixed_tables_) build_fixed(literal_table_, distance_table_);
      fixed_tables_ = true;
      state_ = State::symbols;
      return true;
    case 2:
      fixed_tables_ = false;
      state_ = State::table_sizes;
      return true;
    default:
      return fail("a deflate block has an invalid header");
  }
}

bool DeflateInflater::stored_size() noexcept {
  if (!have(32)) return need_input();
  left_ = take(16);
  if (take(16) != (left_ ^ 0xFFFFU)) return fail("a stored deflate block has an invalid size");
  state_ = State::stored;
  return true;
}

bool DeflateInflater::stored() noexcept {
  while (left_ > 0) {
    if (out_ == out_end_) {
      stop_ = Stop::output;
      return false;
    }
    if (bit_count_ > 0) {
      *out_++ = static_cast<std::byte>(take(8));
      --left_;
      continue;
    }
    const std::size_t count = std::min({static_cast<std::size_t>(left_), static_cast<std::size_t>(out_end_ - out_),
                                        static_cast<std::size_t>(in_end_ - in_)});
    if (count == 0) return need_input();
    std::memcpy(out_, in_, count);
    in_ += count;
    out_ += count;
    left_ -= static_cast<std::uint32_t>(count);
  }
  return end_block(0);
}

bool DeflateInflater::table_sizes() noexcept {
  if (!have(14)) return need_input();
  literals_ = take(5) + 257;
  distances_ = take(5) + 1;
  length_codes_ = take(4) + 4;
  if (literals_ > kMostLiterals || distances_ > kMostDistances) {
    return fail("a deflate block has codes for symbols that do not exist");
  }
  lengths_.fill(0);
  lengths_read_ = 0;
  state_ = State::length_code;
  return true;
}

bool DeflateInflater::length_code() noexcept {
  for (; lengths_read_ < length_codes_; ++lengths_read_) {
    if (!have(3)) return need_input();
    lengths_[kLengthOrder[lengths_read_]] = static_cast<std::uint8_t>(take(3));
  }
  if (!build(std::span(lengths_).first<kLengthSymbols>(), length_table_)) {
    return fail("a deflate block has an invalid code for code lengths");
  }
  lengths_read_ = 0;
  state_ = State::code_lengths;
  return true;
}

bool DeflateInflater::code_lengths() noexcept {
  const std::uint32_t wanted = literals_ + distances_;
  while (lengths_read_ < wanted) {
    refill();
    const Entry entry = length_table_.entries[bits_ & LengthTable::kMask];
    const std::uint32_t symbol = value_of(entry);
    const unsigned extra = symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
    if (bit_count_ < bits_of(entry) + extra) return need_input();
    take(bits_of(entry));
    if (symbol < 16) {
      lengths_[lengths_read_++] = static_cast<std::uint8_t>(symbol);
      continue;
    }
    if (symbol == 16 && lengths_read_ == 0) return fail("a deflate block repeats a code length before the first one");
    const std::uint8_t length = symbol == 16 ? lengths_[lengths_read_ - 1] : std::uint8_t{0};
    const std::uint32_t count = take(extra) + (symbol == 18 ? 11U : 3U);
    if (count > wanted - lengths_read_) return fail("a deflate block repeats a code length beyond the last one");
    std::fill_n(lengths_.begin() + lengths_read_, count, length);
    lengths_read_ += count;
  }
  return finish_tables();
}

bool DeflateInflater::finish_tables() noexcept {
  const std::span<const std::uint8_t> lengths(lengths_);
  if (lengths_[kEndSymbol] == 0) return fail("a deflate block has no code for its end");
  if (!build(lengths.first(literals_), literal_table_)) {
    return fail("a deflate block has an invalid code for literals and lengths");
  }
  if (!build(lengths.subspan(literals_, distances_), distance_table_)) {
    return fail("a deflate block has an invalid code for distances");
  }
  state_ = State::symbols;
  return true;
}

bool DeflateInflater::symbols() noexcept {
  if (in_end_ - in_ >= kBulkInput && out_end_ - out_ >= kBulkRoom) {
    BulkState bulk{.bits = bits_,
                   .bit_count = bit_count_,
                   .in = in_,
                   .in_end = in_end_,
                   .out_begin = out_begin_,
                   .out = out_,
                   .out_end = out_end_,
                   .window_end = history_.data() + history_.size(),
                   .window_size = window_size_};
    const BulkStop stop = decode_bulk(bulk, literal_table_, distance_table_);
    bits_ = bulk.bits;
    bit_count_ = bulk.bit_count;
    in_ = bulk.in;
    out_ = bulk.out;
    switch (stop) {
      case BulkStop::margin:
        break;
      case BulkStop::end_of_block:
        return end_block(bulk.end_code_bits);
      case BulkStop::invalid_symbol:
      case BulkStop::invalid_distance:
        return fail("a deflate block has an invalid symbol");
      case BulkStop::too_far_back:
        return fail("a deflate block refers to bytes before the start");
    }
  }
  return symbol();
}

/// One symbol, and the distance behind it if it is a length: taken only when all its bits are there.
bool DeflateInflater::symbol() noexcept {
  if (out_ == out_end_) {
    stop_ = Stop::output;
    return false;
  }
  refill();
  std::uint64_t bits = bits_;
  unsigned used = 0;
  const auto look_up = [&](const auto& table) {
    Entry entry = table.entries[bits & std::remove_cvref_t<decltype(table)>::kMask];
    if ((entry & kLongCode) != 0) {
      bits >>= bits_of(entry);
      used += bits_of(entry);
      entry = table.entries[value_of(entry) + (bits & ((1U << code_bits_of(entry)) - 1))];
    }
    used += bits_of(entry);
    return entry;
  };
  const auto value = [&bits](Entry entry) {
    const std::uint64_t low = bits & ((std::uint64_t{1} << bits_of(entry)) - 1);
    bits >>= bits_of(entry);
    return value_of(entry) + static_cast<std::uint32_t>(low >> code_bits_of(entry));
  };
  // Zeros stand above the bits there are: an entry found with their help takes more bits than there are.
  Entry entry = look_up(literal_table_);
  if (used > bit_count_) return need_input();
  if ((entry & kLiteral) != 0) {
    take(used);
    *out_++ = static_cast<std::byte>(entry >> 16U);
    return true;
  }
  if ((entry & kEndOfBlock) != 0) {
    take(used);
    return end_block(used);
  }
  if ((entry & kInvalid) != 0) return fail("a deflate block has an invalid symbol");
  const std::uint32_t length = value(entry);
  entry = look_up(distance_table_);
  if (used > bit_count_) return need_input();
  if ((entry & kInvalid) != 0) return fail("a deflate block has an invalid symbol");
  distance_ = value(entry);
  if (distance_ > static_cast<std::size_t>(out_ - out_begin_) + window_size_) {
    return fail("a deflate block refers to bytes before the start");
  }
  bits_ >>= used;
  bit_count_ -= used;
  left_ = length;
  state_ = State::match;
  return true;
}

bool DeflateInflater::match() noexcept {
  const std::size_t count = std::min<std::size_t>(left_, static_cast<std::size_t>(out_end_ - out_));
  copy_match(out_, count, distance_, out_begin_, history_.data() + history_.size());
  out_ += count;
  left_ -= static_cast<std::uint32_t>(count);
  if (left_ > 0) {
    stop_ = Stop::output;
    return false;
  }
  state_ = State::symbols;
  return true;
}

/// `code_bits`: how long the code for the end was, 0 in a stored block.
bool DeflateInflater::end_block(unsigned code_bits) noexcept {
  stop_ = last_block_ ? Stop::end : Stop::block;
  state_ = last_block_ ? State::ended : State::block_header;
  if (!last_block_) return false;
  // The code ends so many bits before a whole byte; what is before it takes whole bytes up to where it begins.
  const unsigned padding = bit_count_ % 8;
  end_bytes_ = static_cast<std::uint8_t>((code_bits + padding) / 8);
  take(padding);
  return false;
}

bool DeflateInflater::need_input() noexcept {
  stop_ = Stop::input;
  return false;
}

bool DeflateInflater::fail(const char* what) noexcept {
  stop_ = Stop::error;
  error_ = what;
  state_ = State::failed;
  return false;
}

/// Takes bytes of input as long as whole ones fit.
void DeflateInflater::refill() noexcept {
  if (in_end_ - in_ >= 8) {
    bits_ |= load_le<std::uint64_t>(in_) << bit_count_;
    in_ += (63U - bit_count_) / 8;
    bit_count_ |= 56U;
    bits_ &= (std::uint64_t{1} << bit_count_) - 1;
    return;
  }
  while (bit_count_ < 56 && in_ != in_end_) {
    bits_ |= std::to_integer<std::uint64_t>(*in_++) << bit_count_;
    bit_count_ += 8;
  }
}

bool DeflateInflater::have(unsigned count) noexcept {
  if (bit_count_ < count) refill();
  return bit_count_ >= count;
}

std::uint32_t DeflateInflater::take(unsigned count) noexcept {
  const std::uint64_t low = bits_ & ((std::uint64_t{1} << count) - 1);
  bits_ >>= count;
  bit_count_ -= count;
  return static_cast<std::uint32_t>(low);
}

std::byte DeflateInflater::take_unused_byte() noexcept { return static_cast<std::byte>(take(8)); }

void DeflateInflater::remember_input(ByteView input, std::size_t consumed) noexcept {
  const std::size_t fresh = std::min(consumed, last_input_.size());
  std::copy(last_input_.begin() + static_cast<std::ptrdiff_t>(fresh), last_input_.end(), last_input_.begin());
  std::copy_n(input.begin() + static_cast<std::ptrdiff_t>(consumed - fresh), fresh,
              last_input_.end() - static_cast<std::ptrdiff_t>(fresh));
}

std::byte DeflateInflater::pending_byte() const noexcept {
  if (pending_bits() == 0) return std::byte{0};
  return last_input_[last_input_.size() - 1 - unused_bytes()];
}

ByteView DeflateInflater::window() const noexcept { return history_.view().last(window_size_); }

void DeflateInflater::keep_window(ByteView decoded) {
  decoded = decoded.last(std::min(decoded.size(), kWindowSize));
  if (history_.size() + decoded.size() > kHistorySize) {
    const std::size_t keep = std::min(window_size_, kWindowSize - decoded.size());
    std::memmove(history_.data(), history_.data() + history_.size() - keep, keep);
    history_.resize(keep);
  }
  history_.append(decoded);
  window_size_ = std::min(window_size_ + decoded.size(), kWindowSize);
}

}  // namespace accel::codec
