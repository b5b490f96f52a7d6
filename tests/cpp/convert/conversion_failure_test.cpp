#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "accel/base/error.hpp"
#include "convert/conversion_fixture.hpp"
#include "convert/damaged_repository.hpp"
#include "support/faulty_repository.hpp"
#include "support/temp_directory.hpp"

namespace accel::convert {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class ConversionFailureTest : public ConversionFixture {
 protected:
  ConversionFailureTest() {
    build_image(*source_, "v1", "linux/amd64",
                {build_layer(*source_, sample_tar(1, 600'000)), build_layer(*source_, sample_tar(2))});
    environment_.jobs = 2;
  }
  /// Puts an older image under the tags "a" and "b" of a layout, which becomes the target.
  void use_layout() {
    layout_ = store::open_oci_layout((directory_ / "layout").string(), store::OpenMode::write);
    build_image(*layout_, "a", "linux/s390x", {});
    build_image(*layout_, "b", "linux/s390x", {});
    target_ = layout_;
  }
  std::string tag_of(const std::string& tag) { return layout_->get_manifest(tag, {}).descriptor.digest.to_string(); }
  template <class E>
  std::string error_of() {
    try {
      run();
    } catch (const E& error) {
      return error.what();
    } catch (const Error& error) {
      ADD_FAILURE() << "another error: " << error.what();
    }
    return {};
  }

  TempDirectory directory_;
  std::shared_ptr<oci::Repository> layout_;
};

TEST_F(ConversionFailureTest, target_that_fails_at_any_call_keeps_its_tags_and_leaves_no_files) {
  use_layout();
  want("estargz", "a");
  want("zstdchunked", "b");
  const std::string a = tag_of("a"), b = tag_of("b");
  std::atomic<bool> tagged{false};
  bool done = false;
  for (std::size_t call = 0; !done; ++call) {
    const auto fail = std::make_shared<FailAt>(call);
    target_ = std::make_shared<ObservedRepository>(layout_, [&tagged, fail](const std::string& name) {
      (*fail)(name);
      if (name.starts_with("put_tag")) tagged = true;
    });
    try {
      run();
      done = true;
    } catch (const Unreachable&) {
      if (!tagged) {
        EXPECT_EQ(tag_of("a"), a);
        EXPECT_EQ(tag_of("b"), b);
      }
    }
    ASSERT_LT(call, 2000U);
  }
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory_.path())) {
    if (!file.is_regular_file()) continue;
    const std::string name = file.path().filename().string();
    EXPECT_TRUE(name.size() == 64 || name == "index.json" || name == "oci-layout" ||
                name.find("lock") != std::string::npos)
        << "left behind: " << file.path();
  }
  target_ = layout_;
  expect_equal("v1", "a");
  expect_equal("v1", "b");
}

TEST_F(ConversionFailureTest, no_tag_is_written_before_every_target_is_complete) {
  std::vector<std::string> calls;
  std::mutex mutex;
  target_ = std::make_shared<ObservedRepository>(target_, [&](const std::string& call) {
    const std::lock_guard lock(mutex);
    calls.push_back(call);
  });
  want("estargz", "a");
  want("zstdchunked", "b", {{"dialect", "joint"}});
  run();
  std::size_t tags = 0;
  while (tags < calls.size() && !calls[calls.size() - 1 - tags].starts_with("put_manifest")) ++tags;
  EXPECT_THAT(std::vector<std::string>(calls.end() - static_cast<std::ptrdiff_t>(tags), calls.end()),
              ::testing::ElementsAre("put_tag a", "put_tag b-containers", "put_tag b", "finish"));
}

TEST_F(ConversionFailureTest, no_tag_is_written_unless_whoever_is_asked_before_agrees) {
  want("estargz", "a");
  want("zstdchunked", "b");
  int asked = 0;
  request_.before_publish = [&] {
    ++asked;
    EXPECT_THROW(target_->get_manifest("a", {}), NotFound);
    throw Cancelled();
  };
  EXPECT_THROW(run(), Cancelled);
  EXPECT_THROW(target_->get_manifest("a", {}), NotFound);
  EXPECT_THROW(target_->get_manifest("b", {}), NotFound);
  request_.before_publish = [&] { ++asked; };
  run();
  EXPECT_EQ(asked, 2);
  EXPECT_NO_THROW(target_->get_manifest("b", {}));
}

TEST_F(ConversionFailureTest, source_that_fails_at_any_call_fails_the_conversion) {
  want("estargz", "a");
  const auto plain = source_;
  for (std::size_t call = 0;; ++call) {
    const auto fail = std::make_shared<FailAt>(call);
    source_ = std::make_shared<ObservedRepository>(plain, [fail](const std::string& name) { (*fail)(name); });
    try {
      run();
      break;
    } catch (const Unreachable&) {
      EXPECT_THROW(target_->get_manifest("a", {}), NotFound);
    }
    ASSERT_LT(call, 2000U);
  }
}

TEST_F(ConversionFailureTest, cancel_at_any_event_is_quick_and_writes_no_tag) {
  class CancelAtEvent final : public ProgressObserver {
   public:
    CancelAtEvent(CancelSource& cancel, std::size_t event) : cancel_(cancel), event_(event) {}
    void on_event(const ProgressEvent&) override {
      if (seen++ == event_) cancel_.cancel();
    }
    std::atomic<std::size_t> seen{0};

   private:
    CancelSource& cancel_;
    const std::size_t event_;
  };
  want("estargz", "a");
  want("zstdchunked", "b");
  for (std::size_t event = 0;; ++event) {
    CancelSource cancel;
    const auto observer = std::make_shared<CancelAtEvent>(cancel, event);
    environment_.progress = observer;
    environment_.cancel = cancel.token();
    const auto start = std::chrono::steady_clock::now();
    bool finished = false;
    try {
      run();
      finished = true;
    } catch (const Cancelled&) {
    }
    if (finished) {
      EXPECT_LE(observer->seen, event) << "a cancel was overlooked";
      break;
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
    EXPECT_THROW(target_->get_manifest("a", {}), NotFound);
    ASSERT_LT(event, 2000U);
  }
}

TEST_F(ConversionFailureTest, error_names_platform_and_layer) {
  BuiltLayer bad = build_layer(*source_, std::string(2000, 'x'));
  build_image(*source_, "v1", "linux/arm64", {build_layer(*source_, sample_tar(1)), bad});
  want("estargz", "a");
  const std::string text = error_of<FormatError>();
  EXPECT_THAT(text, HasSubstr("linux/arm64: layer " + bad.descriptor.digest.short_string()));
  try {
    run();
  } catch (const FormatError& error) {
    EXPECT_EQ(error.where().digest, bad.descriptor.digest.to_string());
  }
}

TEST_F(ConversionFailureTest, wrong_diff_id_names_the_layer) {
  BuiltLayer liar = build_layer(*source_, sample_tar(1));
  liar.diff_id = hash::sha256(as_bytes("x"));
  build_image(*source_, "v1", "linux/amd64", {liar});
  want("estargz", "a");
  EXPECT_THAT(error_of<DigestMismatch>(), HasSubstr("layer " + liar.descriptor.digest.short_string()));
}

TEST_F(ConversionFailureTest, wrong_size_in_the_manifest_is_found) {
  BuiltLayer layer = build_layer(*source_, sample_tar(1));
  for (const int change : {-1, 1, 1000}) {
    BuiltLayer wrong = layer;
    wrong.descriptor.size = static_cast<std::uint64_t>(static_cast<std::int64_t>(wrong.descriptor.size) + change);
    build_image(*source_, "v1", "linux/amd64", {wrong});
    request_.targets.clear();
    tags_.clear();
    want("estargz", "a");
    EXPECT_THROW(run(), Error) << change;
    EXPECT_THROW(target_->get_manifest("a", {}), NotFound);
  }
}

TEST_F(ConversionFailureTest, verify_passes_what_is_right) {
  request_.verify = true;
  want("estargz", "a");
  want("zstdchunked", "b", {{"dialect", "joint"}});
  want("estargz", "c", {{"external_toc", "true"}});
  run();
  expect_equal("v1", "a");
}

/// Changes one byte of the middle of every blob that is written, and stores it under the digest the writer claims.
class CorruptingRepository final : public oci::Repository {
 public:
  explicit CorruptingRepository(std::shared_ptr<oci::Repository> inner) : inner_(std::move(inner)) {}
  [[nodiscard]] std::string name() const override { return "corrupting"; }
  oci::RawManifest get_manifest(const std::string& t, const CancelToken& c) override {
    return inner_->get_manifest(t, c);
  }
  std::optional<oci::Descriptor> stat_manifest(const std::string& t, const CancelToken& c) override {
    return inner_->stat_manifest(t, c);
  }
  void put_manifest(const oci::RawManifest& m, const std::string& t, const CancelToken& c) override {
    inner_->put_manifest(m, t, c);
  }
  bool has_blob(const oci::Descriptor& b, const CancelToken&) override { return blobs_.contains(b.digest); }
  std::unique_ptr<io::ByteStream> open_blob(const oci::Descriptor& b, const CancelToken&) override {
    return std::make_unique<io::MemoryStream>(as_bytes(blobs_.at(b.digest)));
  }
  std::unique_ptr<io::ByteSource> blob_source(const oci::Descriptor& b, const CancelToken&) override {
    return std::make_unique<io::MemorySource>(as_bytes(blobs_.at(b.digest)));
  }
  std::unique_ptr<oci::BlobWriter> create_blob(std::uint64_t, const CancelToken&) override {
    return std::make_unique<Writer>(*this);
  }
  bool mount_blob(const oci::Descriptor&, oci::Repository&, const CancelToken&) override { return false; }
  std::vector<std::string> list_tags(const CancelToken& c) override { return inner_->list_tags(c); }
  std::vector<oci::Descriptor> list_referrers(const oci::Digest& d, const CancelToken& c) override {
    return inner_->list_referrers(d, c);
  }

 private:
  class Writer final : public oci::BlobWriter {
   public:
    explicit Writer(CorruptingRepository& repository) : repository_(repository) {}
    void write(ByteView bytes) override { text_ += to_string(bytes); }
    void commit(const oci::Digest& digest, std::uint64_t size) override {
      // Configs stay right: a damaged document would be found without any comparison of trees.
      if (size > 10'000) text_[text_.size() / 2] = static_cast<char>(text_[text_.size() / 2] ^ 1);
      const std::lock_guard lock(repository_.mutex_);
      repository_.blobs_[digest] = text_;
    }

   private:
    CorruptingRepository& repository_;
    std::string text_;
  };
  std::shared_ptr<oci::Repository> inner_;
  std::mutex mutex_;
  std::map<hash::Digest, std::string> blobs_;
};

TEST_F(ConversionFailureTest, verify_catches_a_target_that_stored_other_bytes) {
  for (const char* driver : {"estargz", "zstdchunked", "nydus"}) {
    target_ = std::make_shared<CorruptingRepository>(store::make_memory_repository("documents"));
    request_.targets.clear();
    tags_.clear();
    want(driver, "a");
    request_.verify = true;
    std::string error;
    try {
      run();
    } catch (const Error& caught) {
      error = caught.what();
    }
    EXPECT_THAT(error, HasSubstr(": the result is wrong: ")) << driver;
    EXPECT_THAT(error, HasSubstr("; no tag was written; keep the source and report this")) << driver;
    EXPECT_THROW(target_->get_manifest("a", {}), NotFound);
    request_.verify = false;
    EXPECT_NO_THROW(run()) << "nothing else would have noticed";
  }
}

}  // namespace
}  // namespace accel::convert
