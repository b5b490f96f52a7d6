#include "accel/convert/streamed_source.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "accel/base/error.hpp"
#include "accel/store/stores.hpp"
#include "convert/damaged_repository.hpp"
#include "convert/image_builder.hpp"
#include "support/faulty_repository.hpp"

namespace accel::convert {
namespace {

using namespace testing;  // NOLINT: builders

class StreamedSourceTest : public ::testing::Test {
 protected:
  std::string read(StreamedSource& source, std::uint64_t offset, std::size_t size) {
    std::string text(size, '?');
    source.read_at(offset, {reinterpret_cast<std::byte*>(text.data()), size});
    return text;
  }
  std::size_t count(const std::string& call) {
    return static_cast<std::size_t>(
        std::count_if(calls_.begin(), calls_.end(), [&](const std::string& made) { return made.starts_with(call); }));
  }

  std::vector<std::string> calls_;
  std::shared_ptr<oci::Repository> memory_ = store::make_memory_repository("memory");
  std::shared_ptr<oci::Repository> repository_ =
      std::make_shared<ObservedRepository>(memory_, [this](const std::string& call) {
        const std::lock_guard lock(mutex_);
        calls_.push_back(call);
      });
  std::mutex mutex_;
  const std::string text_ = sample_text(2'000'000, 9);
  const oci::Descriptor blob_ = write_blob(*memory_, oci::kOciLayer, text_);
  NullProgress progress_;
  JobState job_{{}, Reporter(progress_, "image")};
};

TEST_F(StreamedSourceTest, pass_front_to_back_is_one_stream) {
  StreamedSource source(*repository_, blob_, job_, {});
  std::string all;
  for (std::uint64_t offset = 0; offset < text_.size();) {
    const std::size_t size = std::min<std::size_t>(100'001, text_.size() - offset);
    all += read(source, offset, size);
    offset += size;
  }
  EXPECT_EQ(all, text_);
  EXPECT_EQ(count("open_blob"), 1U);
  EXPECT_EQ(count("blob_source"), 0U);
}

TEST_F(StreamedSourceTest, looks_at_the_end_and_the_magic_do_not_begin_a_stream) {
  StreamedSource source(*repository_, blob_, job_, {});
  EXPECT_EQ(read(source, text_.size() - 51, 51), text_.substr(text_.size() - 51));
  EXPECT_EQ(read(source, 0, 4), text_.substr(0, 4));
  EXPECT_EQ(count("open_blob"), 0U);
}

TEST_F(StreamedSourceTest, reads_out_of_order_give_the_right_bytes) {
  StreamedSource source(*repository_, blob_, job_, {});
  const std::size_t places[][2] = {{0, 100},       {50, 100}, {1'500'000, 10},      {150, 300'000}, {300'000, 50},
                                   {1'999'999, 1}, {0, 10},   {300'150, 1'000'000}, {10, 5},        {1'300'150, 1}};
  for (const auto& [offset, size] : places) EXPECT_EQ(read(source, offset, size), text_.substr(offset, size)) << offset;
}

TEST_F(StreamedSourceTest, range_beyond_the_end_is_refused) {
  StreamedSource source(*repository_, blob_, job_, {});
  EXPECT_THROW(read(source, text_.size() - 1, 2), FormatError);
  EXPECT_THROW(read(source, UINT64_MAX, 2), FormatError);
}

TEST_F(StreamedSourceTest, pass_over_wrong_bytes_does_not_end_well) {
  std::string damaged = text_;
  damaged[100] = static_cast<char>(damaged[100] ^ 1);
  DamagedRepository repository(memory_, damaged);
  StreamedSource source(repository, blob_, job_, {});
  EXPECT_THROW(read(source, 0, text_.size()), DigestMismatch);
}

TEST_F(StreamedSourceTest, leaving_in_the_middle_is_quick) {
  StreamedSource source(*repository_, blob_, job_, {});
  EXPECT_EQ(read(source, 0, 1000), text_.substr(0, 1000));
}

TEST_F(StreamedSourceTest, cancel_ends_reading) {
  CancelSource cancel;
  StreamedSource source(*repository_, blob_, job_, cancel.token());
  read(source, 0, 1000);
  cancel.cancel();
  EXPECT_THROW(read(source, 1000, 1'999'000), Cancelled);
}

}  // namespace
}  // namespace accel::convert
