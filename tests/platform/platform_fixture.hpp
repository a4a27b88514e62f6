#pragma once

#include <memory>
#include <mutex>
#include <string>

#include <gtest/gtest.h>
#include <pqxx/connection>
#include <pqxx/nontransaction>
#include <pqxx/transaction>

#include <activities/bodies.hpp>
#include <activities/broadcast_writer.hpp>
#include <activities/database.hpp>
#include <activities/demo_data.hpp>
#include <activities/services.hpp>
#include <activities/vendors/keyword_action_item_extractor.hpp>
#include <holdfast/store/postgres/doctor.hpp>
#include <tests/support/test_database.hpp>

namespace platform::test {

/// Answers as it is told to, and remembers what was posted.
class FakeEndpoint final : public vendors::WebhookSender {
 public:
  vendors::WebhookReply send(const vendors::WebhookPost& post) override {
    const std::lock_guard lock(mutex);
    posts.push_back(post);
    return reply;
  }
  vendors::WebhookReply reply{.outcome = vendors::HttpOutcome::ok, .status = 200, .response_start = "thanks"};
  std::vector<vendors::WebhookPost> posts;
  std::mutex mutex;
};

/// A migrated database with two organizations, reached as the runtime role, and the local vendors.
class PlatformTest : public testing::Test {
 protected:
  PlatformTest();

  /// A transaction of the runtime role. One at a time.
  pqxx::work begin() { return pqxx::work(*connection_); }
  /// Runs one step in a transaction of its own.
  template <class Body, class In>
  auto step(const Body& body, const In& in) {
    pqxx::work tx(*connection_);
    auto result = body(services_, tx, in);
    tx.commit();
    return result;
  }
  /// As the owner: sees every tenant.
  pqxx::result owner(const std::string& sql);
  /// What the doctor says of the platform's check whose name begins so.
  holdfast::store::postgres::DoctorResult doctor_check(std::string_view name);
  std::string owner_value(const std::string& sql) { return owner(sql)[0][0].c_str(); }
  /// Stores an event as the ingress does; returns the key under which the call is filed.
  CallKey receive(const std::string& type, const std::string& status, const std::string& body,
                  const std::string& call_id = "call-1");
  CallKey receive_report(const std::string& body = kReport) { return receive("end-of-call-report", "", body); }

  static const std::string kReport, kStatusUpdate;
  const holdfast::Uuid acme_ = holdfast::Uuid::parse("00000000-0000-7000-8000-00000000000a");
  const holdfast::Uuid globex_ = holdfast::Uuid::parse("00000000-0000-7000-8000-00000000000b");

  holdfast::test::TestDatabase test_database_{holdfast::test::Schema::platform};
  const std::string runtime_ = test_database_.connection_string() + " options='-c role=holdfast_runtime'";
  std::unique_ptr<pqxx::connection> owner_ = std::make_unique<pqxx::connection>(test_database_.connection_string());
  std::unique_ptr<pqxx::connection> connection_ = std::make_unique<pqxx::connection>(runtime_);

  Database database_{runtime_};
  Caches caches_;
  BroadcastWriter broadcasts_{runtime_};
  vendors::KeywordActionItemExtractor extractor_;
  vendors::LocalSmsSender sms_{[](const auto&) {}};
  vendors::LocalEmailSender email_{[](const auto&) {}};
  vendors::LocalRealtimeBroadcaster broadcaster_{[this](const auto& b) { broadcasts_.add(b); }};
  FakeEndpoint endpoint_;
  vendors::LocalUsageBilling billing_;
  Services services_{{}, database_, caches_, extractor_, sms_, email_, broadcaster_, endpoint_, billing_};
};

}  // namespace platform::test
