#include "platform_fixture.hpp"

#include <filesystem>

#include <activities/object_key.hpp>
#include <activities/vendors/object_store.hpp>
#include <holdfast/core/errors.hpp>

namespace platform::test {
namespace {

class FakeDownloads final : public vendors::HttpClient {
 public:
  vendors::HttpResult send(const vendors::HttpRequest& request) override {
    urls.push_back(request.url);
    return result;
  }
  vendors::HttpResult result;
  std::vector<std::string> urls;
};

class RecordingCopy : public PlatformTest {
 protected:
  RecordingCopy() {
    downloads_.result.outcome = vendors::HttpOutcome::ok;
    downloads_.result.status = 200;
    downloads_.result.body = "RIFF";
    services_.objects = &objects_;
    services_.downloads = &downloads_;
  }
  ~RecordingCopy() override { std::filesystem::remove_all(root_); }
  const std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("holdfast-recordings-" + std::to_string(::getpid()));
  vendors::LocalObjectStore objects_{root_};
  FakeDownloads downloads_;
};

TEST_F(RecordingCopy, the_recording_is_copied_under_its_key_and_that_is_written_down) {
  const auto call = receive_report();
  step(bodies::store_recording, call);
  EXPECT_EQ(bodies::copy_recording(services_, call).bytes, 4);
  EXPECT_EQ(bodies::copy_recording(services_, call).bytes, 4);
  EXPECT_EQ(downloads_.urls.front(), "https://vendor.test/1.wav");
  EXPECT_EQ(objects_.get(recording_object_key(call)), "RIFF");
  step(bodies::record_recording_copy, call);
  EXPECT_EQ(owner_value("SELECT stored_at IS NOT NULL FROM platform.call_recordings"), "t");
}

TEST_F(RecordingCopy, a_recording_that_is_gone_or_too_large_is_final_and_a_busy_vendor_is_not) {
  const auto call = receive_report();
  const auto failure = [&] {
    try {
      bodies::copy_recording(services_, call);
    } catch (const holdfast::ApplicationError& e) {
      return e.failure().type + (e.failure().non_retryable ? "!" : "");
    }
    return std::string();
  };
  downloads_.result.body_truncated = true;
  EXPECT_EQ(failure(), "RecordingTooLarge!");
  downloads_.result = {.outcome = vendors::HttpOutcome::permanent, .status = 404, .error_code = "http_404"};
  EXPECT_EQ(failure(), "vapi.http_404!");
  downloads_.result.outcome = vendors::HttpOutcome::retry;
  EXPECT_EQ(failure(), "vapi.http_404");
}

TEST_F(RecordingCopy, is_asked_for_only_if_the_organization_wants_it) {
  const auto call = receive_report();
  EXPECT_FALSE(step(bodies::update_call_record, call).copy_recording);
  owner("UPDATE platform.organizations SET settings = settings || '{\"recordings\": {\"copy\": true}}'");
  EXPECT_EQ(step(bodies::update_call_record, call).copy_recording, true);
}

}  // namespace
}  // namespace platform::test
