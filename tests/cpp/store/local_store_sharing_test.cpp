// One local store for several threads and processes, some of which are killed.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <random>
#include <thread>

#include "accel/base/error.hpp"
#include "support/forked.hpp"
#include "support/local_stores.hpp"

namespace accel::store {
namespace {

using accel::testing::describe_blob;
using accel::testing::files_below;
using accel::testing::make_content;
using accel::testing::put_blob;
using accel::testing::read_to_end;
using accel::testing::start_forked;
using accel::testing::TempDirectory;
using accel::testing::wait_for;

constexpr unsigned kBlobs = 25;

std::size_t size_of(unsigned seed) { return 500 + std::size_t{seed} * 3001; }

/// A random mix of everything one does with a store. Returns what went wrong.
std::string work(LocalStore& store, unsigned seed, int steps) {
  std::mt19937 random(seed);
  try {
    for (int step = 0; step < steps; ++step) {
      const unsigned number = static_cast<unsigned>(random()) % kBlobs;
      const Bytes content = make_content(size_of(number), number);
      const auto blob = describe_blob(content);
      switch (random() % 8) {
        case 0:
        case 1:
          put_blob(store, content.size(), number);
          break;
        case 2: {
          const auto writer = store.resume_blob(blob, {});
          const std::size_t offset = writer->offset();
          const std::size_t half = (content.size() - offset) / 2;
          writer->write(ByteView(content).subspan(offset, half));
          if (random() % 2 == 0) break;
          writer->write(ByteView(content).subspan(offset + half));
          writer->commit(blob.digest, blob.size);
          break;
        }
        case 3:
          store.collect({.threshold = 400'000, .percent = static_cast<unsigned>(random()) % 101}, {});
          break;
        case 4:
          store.put_record(blob.digest, std::to_string(random() % 3), std::to_string(number));
          break;
        case 5:
          if (const auto record = store.find_record(blob.digest, "0"); record && *record != std::to_string(number)) {
            return "wrong record";
          }
          break;
        case 6:
          if (const auto pinned = store.pin_blob(blob.digest)) {
            Bytes read(pinned->size());
            std::this_thread::yield();
            if (!store.has_blob(blob.digest)) return "pinned blob went";
            pinned->read_at(0, read);
            if (read != content) return "wrong bytes";
          }
          break;
        default:
          try {
            if (read_to_end(*store.open_blob(blob, {})) != content) return "wrong bytes";
          } catch (const NotFound&) {  // evicted
          }
      }
    }
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

class LocalStoreSharingTest : public ::testing::Test {
 protected:
  /// Every blob is whole, and nothing is left but partials, which the collector can remove.
  void expect_sound() {
    LocalStore store(directory_.path(), OpenMode::write);
    for (const auto& blob : store.blobs()) {
      EXPECT_TRUE(store.verify_blob(blob.digest, {})) << blob.digest.to_string();
      EXPECT_FALSE(blob.pinned);
    }
    store.collect({.threshold = 1, .percent = 0}, {});
    EXPECT_EQ(store.usage().total_bytes(), 0U);
    EXPECT_EQ(files_below(directory_ / "ingest"), 0U);
    EXPECT_EQ(files_below(directory_ / "blobs"), 0U);
  }

  const TempDirectory directory_;
};

TEST_F(LocalStoreSharingTest, threads_share_one_store) {
  {
    LocalStore store(directory_.path(), OpenMode::write);
    std::array<std::string, 4> faults;
    std::vector<std::thread> threads;
    for (unsigned number = 0; number < faults.size(); ++number) {
      threads.emplace_back([&, number] { faults[number] = work(store, number, 250); });
    }
    for (auto& thread : threads) thread.join();
    for (const auto& fault : faults) EXPECT_EQ(fault, "");
  }
  expect_sound();
}

TEST_F(LocalStoreSharingTest, stores_of_one_process_share_a_directory) {
  std::array<std::string, 4> faults;
  std::vector<std::thread> threads;
  for (unsigned number = 0; number < faults.size(); ++number) {
    threads.emplace_back([&, number] {
      for (int round = 0; round < 10 && faults[number].empty(); ++round) {
        LocalStore store(directory_.path(), OpenMode::write);  // recovery beside writers
        faults[number] = work(store, 100 * number + static_cast<unsigned>(round), 25);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& fault : faults) EXPECT_EQ(fault, "");
  expect_sound();
}

TEST_F(LocalStoreSharingTest, processes_share_a_directory) {
  std::vector<pid_t> children;
  for (unsigned number = 0; number < 4; ++number) {
    children.push_back(start_forked([&] {
      for (unsigned round = 0; round < 8; ++round) {
        LocalStore store(directory_.path(), OpenMode::write);
        const std::string fault = work(store, 1000 + 100 * number + round, 30);
        if (!fault.empty()) throw std::runtime_error(fault);
      }
      return true;
    }));
  }
  for (const pid_t child : children) EXPECT_EQ(wait_for(child), 0);
  expect_sound();
}

TEST_F(LocalStoreSharingTest, dead_process_holds_nothing) {
  oci::Descriptor blob;
  {
    LocalStore store(directory_.path(), OpenMode::write);
    blob = put_blob(store, 10'000, 1);
  }
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe2(ready.data(), O_CLOEXEC), 0);
  const pid_t child = start_forked([&] {
    LocalStore store(directory_.path(), OpenMode::write);
    const auto pinned = store.pin_blob(blob.digest);
    const auto writer = store.create_blob({});
    writer->write(make_content(5000, 2));
    if (::write(ready[1], "x", 1) != 1) return false;
    for (;;) ::pause();
  });
  pollfd wait{ready[0], POLLIN, 0};
  ASSERT_EQ(::poll(&wait, 1, 60'000), 1);
  LocalStore store(directory_.path(), OpenMode::write);
  EXPECT_TRUE(store.blobs().at(0).pinned);
  EXPECT_FALSE(store.evict_blob(blob.digest));
  EXPECT_EQ(store.collect({.threshold = 1, .percent = 0}, {}).pinned_blobs, 1U);
  EXPECT_EQ(files_below(directory_ / "ingest"), 1U);

  ::kill(child, SIGKILL);
  wait_for(child);
  EXPECT_TRUE(store.has_blob(blob.digest));
  EXPECT_FALSE(store.blobs().at(0).pinned);
  EXPECT_TRUE(store.evict_blob(blob.digest));
  const LocalStore next(directory_.path(), OpenMode::write);
  EXPECT_EQ(files_below(directory_ / "ingest"), 0U);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(LocalStoreSharingTest, download_comes_to_its_end_though_its_process_is_killed_again_and_again) {
  const Bytes content = make_content(2'000'000, 5);
  const auto blob = describe_blob(content);
  std::mt19937 random(7);
  unsigned kills = 0;
  std::uint64_t best = 0;
  for (bool done = false; !done && kills < 500;) {
    const pid_t child = start_forked([&] {
      LocalStore store(directory_.path(), OpenMode::write);
      const auto writer = store.resume_blob(blob, {});
      while (writer->offset() < blob.size) {
        const std::size_t offset = writer->offset();
        writer->write(ByteView(content).subspan(offset, std::min<std::size_t>(20'000, content.size() - offset)));
        ::usleep(1000);
      }
      writer->commit(blob.digest, blob.size);
      return true;
    });
    ::usleep(static_cast<useconds_t>(random() % 40'000));
    ::kill(child, SIGKILL);
    done = wait_for(child) == 0;
    kills += done ? 0 : 1;
    LocalStore store(directory_.path(), OpenMode::write);
    done = done || store.has_blob(blob.digest);
    const std::uint64_t here = done ? blob.size : store.resume_blob(blob, {})->offset();
    EXPECT_GE(here, best) << "bytes of a killed writer were lost";
    best = here;
  }
  EXPECT_GT(kills, 3U);
  LocalStore store(directory_.path(), OpenMode::write);
  EXPECT_EQ(read_to_end(*store.open_blob(blob, {})), content);
  expect_sound();
}

}  // namespace
}  // namespace accel::store
