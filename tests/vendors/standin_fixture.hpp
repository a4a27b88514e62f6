#pragma once

#include <activities/standin/standin_server.hpp>
#include <activities/vendors/curl_http_client.hpp>
#include <activities/vendors/vendor_error.hpp>

#include <gtest/gtest.h>

namespace platform::vendors {

/// A running stand-in and a client that may reach it. The client goes first, so that no idle connection delays stop().
class StandinTest : public testing::Test {
 protected:
  StandinTest() { standin.start(); }

  void inject(standin::FaultMode mode, const std::string& path = "", int times = 1) {
    standin.state().faults.add({.path = path, .times = times, .mode = mode});
  }
  void answer_with(int status, std::string body, std::string retry_after = "", int times = 1) {
    standin.state().faults.add({.times = times,
                                .mode = standin::FaultMode::status,
                                .status = status,
                                .retry_after = std::move(retry_after),
                                .body = std::move(body)});
  }
  std::vector<standin::JournalEntry> journal() { return standin.state().journal.entries(); }
  std::int64_t effects(const std::string& vendor) { return standin.state().effects.count(vendor); }

  standin::StandinServer standin;
  CurlHttpClient client{CurlOptions{.policy = NetworkPolicy::with_loopback()}};
};

/// The fault that `call` throws; a default one, and a test failure, if it throws nothing.
template <typename Call>
VendorFault fault_from(Call call) {
  try {
    call();
  } catch (const VendorError& error) {
    return error.fault();
  }
  ADD_FAILURE() << "no VendorError was thrown";
  return {};
}

}  // namespace platform::vendors
