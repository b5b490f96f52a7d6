/// The bootstraps of the specs' worked examples (rafs-v6.md 21, rafs-v5.md 18), put together byte by byte, and ways to
/// change them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "accel/base/bytes.hpp"
#include "accel/base/endian.hpp"

namespace accel::testing {

/// Bytes written at absolute offsets; what nobody wrote is zero.
class Image {
 public:
  explicit Image(std::size_t size) : bytes_(size) {}

  template <class T>
  Image& put(std::size_t offset, T value) {
    store_le(&bytes_.at(offset + sizeof(T) - 1) - (sizeof(T) - 1), value);
    return *this;
  }
  Image& text(std::size_t offset, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) bytes_.at(offset + i) = static_cast<std::byte>(text[i]);
    return *this;
  }
  Image& hex(std::size_t offset, std::string_view digits) {
    std::string packed;
    for (const char c : digits) {
      if (c != ' ') packed.push_back(c);
    }
    if (!hex_decode(packed, MutableByteView(bytes_).subspan(offset, packed.size() / 2)))
      throw std::invalid_argument("");
    return *this;
  }
  Image& resize(std::size_t size) {
    bytes_.resize(size);
    return *this;
  }
  [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }

 private:
  Bytes bytes_;
};

inline constexpr std::string_view kHelloDigest = "a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447";
inline constexpr std::uint32_t kHelloCrc = 0xF0FF7292;

/// The blob of the v6 example: 12 bytes of data, chunk information of one chunk, its header (nydus-blob.md 3.1, F).
inline Image hello_blob() {
  Image blob(12 + 16 + 4096);
  blob.text(0, "hello world\n");
  // v1: size - 1 = 11 in bits 44–63 of both words, offsets 0.
  blob.put(12, std::uint64_t{11} << 44U).put(20, std::uint64_t{11} << 44U);
  const std::size_t header = 28;
  blob.put(header, 0xB10BB10BU).put(header + 4, 0x40000001U).put(header + 12, 1U);
  blob.put(header + 16, std::uint64_t{12}).put(header + 24, std::uint64_t{16}).put(header + 32, std::uint64_t{16});
  blob.put(header + 4092, 0xB10BB10BU);
  return blob;
}

namespace detail {

inline void put_inode_v6(Image& image, std::size_t at, std::uint16_t format, std::uint16_t mode, std::uint64_t size,
                         std::uint32_t place, std::uint32_t number, std::uint32_t links, std::uint64_t mtime) {
  image.put(at, format).put(at + 4, mode).put(at + 8, size).put(at + 16, place).put(at + 20, number);
  image.put(at + 32, mtime).put(at + 44, links);
}

inline void put_entry_v6(Image& image, std::size_t at, std::uint64_t nid, std::uint16_t name, std::uint8_t type) {
  image.put(at, nid).put(at + 8, name).put(at + 10, type);
}

inline void put_chunk(Image& image, std::size_t at) {
  image.hex(at, kHelloDigest).put(at + 36, 0x10U).put(at + 40, 12U).put(at + 44, 12U).put(at + 76, kHelloCrc);
}

}  // namespace detail

inline Image worked_example_v6(std::string_view blob_id) {
  Image image(0x5000);
  image.put(0x400, 0xE0F5E1E2U).put(0x408, 0x40000000U).put(0x40C, std::uint8_t{12});
  image.put(0x40E, std::uint16_t{128}).put(0x410, std::uint64_t{4}).put(0x424, 1U).put(0x428, 2U);
  image.put(0x450, 0xCU).put(0x456, std::uint16_t{1}).put(0x458, std::uint16_t{11});
  image.put(0x480, std::uint64_t{0x01000019}).put(0x488, std::uint64_t{0x1000}).put(0x490, 0x100U);
  image.put(0x494, 0x100000U).put(0x498, std::uint64_t{0x4000}).put(0x4A0, std::uint64_t{0x50});
  image.text(0x580, blob_id).put(0x5C0, 1U).put(0x5C4, 128U);

  image.text(0x1000, blob_id).put(0x1044, 0x100000U).put(0x1048, 1U).put(0x1050, 1U).put(0x1054, 0x40000001U);
  image.put(0x1058, std::uint64_t{4124}).put(0x1060, std::uint64_t{4096});
  image.put(0x1070, std::uint64_t{12}).put(0x1078, std::uint64_t{16}).put(0x1080, std::uint64_t{16});

  image.hex(0x3000,
            "0500 0000 ed41 0000 3a00000000000000 03000000 01000000 00000000 00000000 0000000000000000 00000000"
            "03000000");
  detail::put_entry_v6(image, 0x3040, 128, 48, 2);
  detail::put_entry_v6(image, 0x304C, 128, 49, 2);
  detail::put_entry_v6(image, 0x3058, 135, 51, 2);
  detail::put_entry_v6(image, 0x3064, 132, 54, 7);
  image.text(0x3070, "...etclink");
  detail::put_inode_v6(image, 0x3080, 5, 0xA1FF, 13, 3, 3, 1, 1700000000);
  image.text(0x30C0, "etc/hello.txt");
  detail::put_inode_v6(image, 0x30E0, 5, 0x41ED, 48, 3, 2, 2, 1700000000);
  detail::put_entry_v6(image, 0x3120, 135, 36, 2);
  detail::put_entry_v6(image, 0x312C, 128, 37, 2);
  detail::put_entry_v6(image, 0x3138, 139, 39, 1);
  image.text(0x3144, "...hello.txt");
  detail::put_inode_v6(image, 0x3160, 9, 0x81A4, 12, 0x28, 4, 1, 1700000000);
  image.hex(0x31A0, "00 00 01 00 00 00 00 00");
  detail::put_chunk(image, 0x4000);
  return image;
}

namespace detail {

struct RecordV5 {
  std::string_view digest, name;
  std::uint64_t parent, number;
  std::uint32_t mode;
  std::uint64_t size, blocks;
  std::uint64_t flags;
  std::uint32_t links, first_child, children;
  std::uint16_t target_size;
  std::uint64_t mtime;
};

inline void put_record_v5(Image& image, std::size_t at, const RecordV5& record) {
  image.hex(at, record.digest).put(at + 32, record.parent).put(at + 40, record.number).put(at + 60, record.mode);
  image.put(at + 64, record.size).put(at + 72, record.blocks).put(at + 80, record.flags).put(at + 88, record.links);
  image.put(at + 92, record.first_child).put(at + 96, record.children);
  image.put(at + 100, static_cast<std::uint16_t>(record.name.size())).put(at + 102, record.target_size);
  image.put(at + 112, record.mtime).text(at + 128, record.name);
}

}  // namespace detail

inline Image worked_example_v5() {
  Image image(8992);
  image.put(0, 0x52414653U).put(4, 0x500U).put(8, 8192U).put(12, 0x100000U);
  image.put(16, std::uint64_t{0x19}).put(24, std::uint64_t{4});
  image.put(32, std::uint64_t{8192}).put(40, std::uint64_t{8208}).put(48, std::uint64_t{8208});
  image.put(56, 4U).put(64, 72U).put(68, 1U).put(72, std::uint64_t{8280});
  image.put(8192, 1043U).put(8196, 1060U).put(8200, 1105U).put(8204, 1077U);
  image.text(8216, kHelloDigest);
  image.put(8280, 1U).put(8284, 0x40000000U).put(8288, std::uint64_t{12}).put(8296, std::uint64_t{12});

  const std::uint64_t mtime = 1700000000;
  detail::put_record_v5(image, 8344,
                        {"7e6cb24af078a362709f34decb2e95072e905eb5dd8774465bbda28cf528b350", "/", 0, 1, 040755, 4096, 8,
                         0, 3, 2, 2, 0, 0});
  detail::put_record_v5(image, 8480,
                        {"bfce4717546330e70f1ccf821e2c4d6a794905fb7232dab751701d0b273a7a45", "etc", 1, 2, 040755, 4096,
                         8, 0, 2, 4, 1, 0, mtime});
  detail::put_record_v5(image, 8616,
                        {"f83e4b6bba3efac41f1ff56ee97adf7454680fee778924cb5ba06311d136ad1c", "hello.txt", 2, 4, 0100644,
                         12, 1, 0, 1, 0, 1, 0, mtime});
  detail::put_chunk(image, 8760);
  detail::put_record_v5(image, 8840,
                        {"20659266286f4114e59c4683b3d995596b0fb143b76fd744e3d4bf494cc9cb1b", "link", 1, 3, 0120777, 13,
                         1, 1, 1, 0, 0, 13, mtime});
  image.text(8976, "etc/hello.txt");
  return image;
}

}  // namespace accel::testing
