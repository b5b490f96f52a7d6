#include "support/tar_builder.hpp"

namespace accel::testing {

namespace {

constexpr std::size_t kBlock = 512;

void put(std::string& block, std::size_t at, std::string_view text) { block.replace(at, text.size(), text); }

std::string make_block(const TarHeader& header, std::size_t content_size) {
  std::string block(kBlock, '\0');
  put(block, 0, header.name);
  put(block, 100, octal(header.mode, 7));
  put(block, 108, octal(header.uid, 7));
  put(block, 116, octal(header.gid, 7));
  put(block, 124, octal(header.size.value_or(content_size), 11));
  put(block, 136, octal(header.mtime, 11));
  block[156] = header.type;
  put(block, 157, header.link_name);
  if (header.dialect != TarDialect::v7) {
    put(block, 257,
        header.dialect == TarDialect::gnu ? std::string_view("ustar  \0", 8) : std::string_view("ustar\00000", 8));
    put(block, 265, header.user_name);
    put(block, 297, header.group_name);
    put(block, 329, octal(header.device_major, 7));
    put(block, 337, octal(header.device_minor, 7));
    put(block, 345, header.prefix);
  }
  if (header.patch) header.patch(block);
  set_tar_checksum(block);
  if (header.break_checksum) block[150] = block[150] == '0' ? '1' : '0';
  return block;
}

}  // namespace

TarBuilder& TarBuilder::file(std::string name, std::string_view content, std::uint32_t mode) {
  return entry({.name = std::move(name), .mode = mode}, content);
}
TarBuilder& TarBuilder::directory(std::string name, std::uint32_t mode) {
  return entry({.name = std::move(name), .type = '5', .mode = mode});
}
TarBuilder& TarBuilder::symlink(std::string name, std::string target) {
  return entry({.name = std::move(name), .type = '2', .link_name = std::move(target), .mode = 0777});
}
TarBuilder& TarBuilder::hardlink(std::string name, std::string target) {
  return entry({.name = std::move(name), .type = '1', .link_name = std::move(target)});
}
TarBuilder& TarBuilder::device(std::string name, char type, std::uint32_t major, std::uint32_t minor) {
  return entry({.name = std::move(name), .type = type, .device_major = major, .device_minor = minor});
}
TarBuilder& TarBuilder::fifo(std::string name) { return entry({.name = std::move(name), .type = '6'}); }

TarBuilder& TarBuilder::entry(const TarHeader& header, std::string_view content) {
  text_ += make_block(header, content.size());
  text_ += content;
  text_.append((kBlock - content.size() % kBlock) % kBlock, '\0');
  return *this;
}

TarBuilder& TarBuilder::pax(const PaxList& records, char type) {
  std::string payload;
  for (const auto& [key, value] : records) payload += pax_record(key, value);
  return pax_payload(payload, type);
}
TarBuilder& TarBuilder::pax_payload(std::string_view payload, char type) {
  return entry({.name = "PaxHeaders/x", .type = type}, payload);
}
TarBuilder& TarBuilder::gnu_long_name(std::string_view name) {
  return entry({.name = "././@LongLink", .type = 'L', .dialect = TarDialect::gnu}, std::string(name) + '\0');
}
TarBuilder& TarBuilder::gnu_long_link(std::string_view target) {
  return entry({.name = "././@LongLink", .type = 'K', .dialect = TarDialect::gnu}, std::string(target) + '\0');
}
TarBuilder& TarBuilder::raw(std::string_view bytes) {
  text_ += bytes;
  return *this;
}
TarBuilder& TarBuilder::zero_blocks(std::size_t count) {
  text_.append(count * kBlock, '\0');
  return *this;
}

std::string pax_record(std::string_view key, std::string_view value) {
  std::string rest(" ");
  rest.append(key).append("=").append(value).append("\n");
  for (std::size_t length = rest.size();; ++length) {
    std::string record = std::to_string(length) + rest;
    if (record.size() == length) return record;
  }
}

std::string base256(std::int64_t value, std::size_t width) {
  std::string field(width, value < 0 ? '\xFF' : '\0');
  auto bits = static_cast<std::uint64_t>(value);
  for (std::size_t i = width; i-- > 0 && width - i <= 8; bits >>= 8U) field[i] = static_cast<char>(bits & 0xFFU);
  field[0] = static_cast<char>(field[0] | '\x80');
  return field;
}

std::string octal(std::uint64_t value, std::size_t width) {
  std::string digits(width, '0');
  for (std::size_t i = width; i-- > 0; value >>= 3U) digits[i] = static_cast<char>('0' + (value & 7U));
  return digits;
}

std::string gnu_sparse_array(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& map, std::size_t pairs) {
  std::string array;
  for (const auto& [offset, size] : map) array += octal(offset, 11) + '\0' + octal(size, 11) + '\0';
  array.resize(pairs * 24, '\0');
  return array;
}

void set_tar_checksum(std::string& block) {
  put(block, 148, "        ");
  std::uint64_t sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(block, 148, octal(sum, 6) + '\0');
}

}  // namespace accel::testing
