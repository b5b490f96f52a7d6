#include "accel/formats/nydus/bootstrap_layer.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "accel/base/error.hpp"
#include "accel/base/thread_pool.hpp"
#include "accel/codec/codec.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/memory.hpp"
#include "formats/encode_layer.hpp"
#include "support/tar_builder.hpp"

namespace accel::formats::nydus {
namespace {

using accel::testing::TarBuilder;

struct Machine {
  explicit Machine(std::size_t threads) : pool(threads) {}
  ThreadPool pool;
  MemoryBudget budget{64U << 20U};
  EncodeContext context = testing::make_context(pool, budget);
};

StoredMeta meta_of(std::string_view ci) {
  StoredMeta meta;
  meta.ci = std::make_shared<io::MemorySource>(to_bytes(as_bytes(ci)));
  meta.ci_size = ci.size();
  meta.header = Bytes(4096, std::byte{'h'});
  return meta;
}

Bytes decompress(ByteView gzip) {
  io::MemoryStream stream(gzip);
  const auto plain = codec::make_decoder(codec::Compression::gzip, stream);
  return io::read_all(*plain, 64U << 20U);
}

std::string noise(std::size_t size) { return testing::random_bytes(size, 1); }

const std::string kA(64, 'a'), kB(64, 'b'), kEmpty(64, 'e');

TEST(BootstrapLayer, is_the_tar_that_snapshotters_look_into) {
  Machine machine(2);
  const StoredMeta a = meta_of("infos of a");
  const StoredMeta b = meta_of(std::string(5000, 'b'));
  const StoredMeta none;
  io::MemorySink sink;
  const CompressedTar::Content layer =
      write_bootstrap_layer(as_bytes("BOOT"), {{kA, &a}, {kEmpty, &none}, {kB, &b}, {kA, &a}}, sink, machine.context);

  const auto file = [](const std::string& name, std::string_view content) {
    return TarBuilder().entry({.name = name, .mode = 0444}, content).text();
  };
  const std::string expected =
      TarBuilder().directory("image/").text() + file("image/image.boot", "BOOT") +
      file("image/" + kA + ".blob.meta", "infos of a" + std::string(4096 - 10, '\0') + std::string(4096, 'h')) +
      file("image/" + kB + ".blob.meta",
           std::string(5000, 'b') + std::string(8192 - 5000, '\0') + std::string(4096, 'h')) +
      std::string(1024, '\0');
  const Bytes tar = decompress(sink.view());
  // Names and checksum of the directory may have a slash or none; everything behind its header is fixed.
  ASSERT_EQ(tar.size(), expected.size());
  EXPECT_TRUE(as_text(tar).substr(512) == std::string_view(expected).substr(512));
  EXPECT_EQ(layer.uncompressed_size, tar.size());
  EXPECT_EQ(layer.diff_id, hash::sha256(tar));
}

TEST(BootstrapLayer, bytes_do_not_depend_on_the_number_of_threads) {
  const std::string bootstrap = noise(3'500'000);
  const StoredMeta meta = meta_of(noise(100'000));
  std::vector<Buffer> outputs;
  for (const std::size_t threads : {1U, 2U, 7U}) {
    Machine machine(threads);
    io::MemorySink sink;
    write_bootstrap_layer(as_bytes(bootstrap), {{kA, &meta}}, sink, machine.context);
    outputs.push_back(sink.take());
  }
  EXPECT_TRUE(as_text(outputs[0].view()) == as_text(outputs[1].view()));
  EXPECT_TRUE(as_text(outputs[0].view()) == as_text(outputs[2].view()));
  const Bytes tar = decompress(outputs[0].view());
  EXPECT_TRUE(as_text(tar).substr(1024, bootstrap.size()) == bootstrap);
}

TEST(BootstrapLayer, is_read_back) {
  Machine machine(1);
  const std::string bootstrap = noise(1'234'567);
  const StoredMeta a = meta_of("infos");
  const StoredMeta b = meta_of("more infos");
  io::MemorySink sink;
  write_bootstrap_layer(as_bytes(bootstrap), {{kA, &a}, {kB, &b}}, sink, machine.context);
  const Bytes tar = decompress(sink.view());
  io::MemoryStream stream(tar);
  std::map<std::string, std::string> metas;
  const Buffer found =
      read_bootstrap_layer(stream, [&](std::string_view hex, std::uint64_t size, io::ByteStream& content) {
        const Bytes bytes = io::read_all(content, 1U << 20U);
        EXPECT_EQ(bytes.size(), size);
        metas.emplace(hex, as_text(bytes).substr(0, 5));
      });
  EXPECT_TRUE(as_text(found.view()) == bootstrap);
  EXPECT_EQ(metas, (std::map<std::string, std::string>{{kA, "infos"}, {kB, "more "}}));
  EXPECT_TRUE(stream.rest().empty());
}

TEST(BootstrapLayer, content_that_a_visitor_leaves_is_skipped) {
  const std::string tar =
      TarBuilder().file("image/x.blob.meta", noise(3000)).file("./image/image.boot", "B").end().text();
  io::MemoryStream stream(as_bytes(tar));
  int visits = 0;
  EXPECT_EQ(
      as_text(read_bootstrap_layer(stream, [&](std::string_view, std::uint64_t, io::ByteStream&) { ++visits; }).view()),
      "B");
  EXPECT_EQ(visits, 1);
}

TEST(BootstrapLayer, tars_that_are_none_are_refused) {
  const auto read = [](const std::string& tar, const BootstrapLimits& limits = {}) {
    io::MemoryStream stream(as_bytes(tar));
    return read_bootstrap_layer(stream, {}, limits);
  };
  EXPECT_THROW(read(TarBuilder().file("image.boot", "B").end().text()), FormatError);
  EXPECT_THROW(read(TarBuilder().file("image/image.boot", "B").file("image/image.boot", "C").end().text()),
               FormatError);
  EXPECT_THROW(read(TarBuilder().file("image/image.boot", "BOOT").end().text(), {.max_bytes = 3}), FormatError);
  EXPECT_EQ(read(TarBuilder().file("image/image.boot", "BOOT").end().text(), {.max_bytes = 4}).size(), 4U);
  EXPECT_THROW(read(TarBuilder().file("image/image.boot", noise(2000)).text().substr(0, 1500)), FormatError);
  EXPECT_THROW(read(TarBuilder().symlink("image/image.boot", "x").end().text()), FormatError);
}

TEST(BootstrapLayer, cancelled_work_stops) {
  CancelSource source;
  Machine machine(1);
  machine.context.cancel = source.token();
  source.cancel();
  io::MemorySink sink;
  EXPECT_THROW(write_bootstrap_layer(as_bytes(noise(3'000'000)), {}, sink, machine.context), Cancelled);
}

}  // namespace
}  // namespace accel::formats::nydus
