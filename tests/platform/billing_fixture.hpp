#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <pqxx/except>

#include <activities/vendors/vendor_error.hpp>
#include <tests/platform/platform_fixture.hpp>
#include <workflows/billing_cycle.hpp>

namespace platform::test {

/// A payment vendor that counts an identifier once, until it is told to forget it.
class FakeVendor final : public vendors::UsageBilling {
 public:
  void report(const vendors::MeterEvent& event) override;
  std::int64_t reported(const std::string& customer, std::chrono::sys_seconds from,
                        std::chrono::sys_seconds to) override;
  vendors::MeterErrorReport error_report(const std::string& event_id) override;

  /// The next report fails so, before it has an effect.
  void fail_next(vendors::VendorFault fault) { faults_.push_back(std::move(fault)); }
  void forget_identifiers() { known_.clear(); }
  /// Takes the event back; the next error report names it.
  void reject(const std::string& identifier, const std::string& code);
  /// What the customer is billed for.
  std::int64_t of(const std::string& customer) const;
  int requests() const { return requests_; }
  int questions() const { return questions_; }

 private:
  mutable std::mutex mutex_;
  std::vector<vendors::MeterEvent> events_;
  std::set<std::string> known_;
  std::vector<vendors::VendorFault> faults_;
  vendors::MeterErrorReport errors_;
  int requests_ = 0, questions_ = 0;
};

/// Organizations with customers at a vendor, and shortcuts for their periods and usage.
class BillingTest : public PlatformTest {
 protected:
  BillingTest();

  Services& services() { return billed_; }
  Services with_billing(vendors::UsageBilling& billing) {
    return Services{{}, database_, caches_, extractor_, sms_, email_, broadcaster_, endpoint_, billing};
  }
  template <class Body, class In>
  auto step(const Body& body, const In& in) {
    pqxx::work tx(*connection_);
    auto result = body(billed_, tx, in);
    tx.commit();
    return result;
  }
  /// Puts the organization into this period, with a plan that it always had.
  void period_of(const holdfast::Uuid& id, const std::string& start, const std::string& end, int plan_minutes);
  /// A call of so many minutes that ended then, counted as add_usage counts it.
  void use(const holdfast::Uuid& id, const std::string& ended_at, int minutes);
  /// The BillingCycle workflow, in memory, on the real steps, until nothing is due. Throws what fails a run.
  void bill(const holdfast::Uuid& id);
  BillingDone run_cycle(const holdfast::Uuid& id);
  /// Slugs of the organizations for which a run is due.
  std::string sweep();

  BillingPeriod current_period(const holdfast::Uuid& id);
  std::string organization(const holdfast::Uuid& id);
  std::string ledger(const holdfast::Uuid& id);
  std::string events(const holdfast::Uuid& id);

  FakeVendor vendor_;
  Services billed_ = with_billing(vendor_);
  int calls_ = 0;
};

}  // namespace platform::test
