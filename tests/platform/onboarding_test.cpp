#include "platform_fixture.hpp"

#include <activities/registration.hpp>
#include <activities/vendors/vendor_error.hpp>
#include <holdfast/client/client.hpp>
#include <holdfast/store/postgres/postgres_store.hpp>
#include <holdfast/worker/worker.hpp>
#include <workflows/definitions.hpp>
#include <workflows/onboarding.hpp>

namespace platform::test {
namespace {

using namespace std::chrono_literals;
using holdfast::client::Client;

/// Remembers what is rented; loses the answer of the first rental if told to.
class FakeNumbers final : public vendors::PhoneNumbers {
 public:
  std::string provider() const override { return "fake"; }
  vendors::PhoneNumber provision(const std::string& organization, const std::string&) override {
    const std::lock_guard lock(mutex);
    rented.push_back({"+1415555000" + std::to_string(rented.size()), "PN" + organization});
    if (lose_answers-- > 0)
      throw vendors::VendorError({.kind = vendors::VendorErrorKind::unknown_outcome, .vendor = "fake", .code = "lost"});
    return rented.back();
  }
  std::vector<vendors::PhoneNumber> find(const std::string& organization) override {
    const std::lock_guard lock(mutex);
    std::vector<vendors::PhoneNumber> out;
    for (const auto& number : rented)
      if (number.id == "PN" + organization) out.push_back(number);
    return out;
  }
  void release(const std::string& id) override {
    const std::lock_guard lock(mutex);
    std::erase_if(rented, [&](const auto& number) { return number.id == id; });
  }
  std::mutex mutex;
  std::vector<vendors::PhoneNumber> rented;
  int lose_answers = 0;
};

class OnboardingSteps : public PlatformTest {
 protected:
  OnboardingSteps() {
    services_.phone_numbers = &numbers_;
    sign_up_ = {.organization_id = id_,
                .slug = "dental",
                .name = "Lakeside Dental",
                .plan_id = "growth",
                .owner_email = "ann@example.com",
                .owner_name = "Ann",
                .billing_time_zone = "Europe/Berlin",
                .verification_token = "token",
                .verification_url = "https://app.example.com/verify/"};
  }
  std::string failure_of(const SignUp& sign_up) {
    try {
      step(bodies::create_organization, sign_up);
    } catch (const holdfast::ApplicationError& e) {
      return e.failure().type;
    }
    return "";
  }
  std::string one(const std::string& columns, const std::string& table) {
    return owner_value("SELECT concat_ws(' ', " + columns + ") FROM platform." + table + " WHERE " +
                       (table == "organizations" ? "id" : "organization_id") + " = '" + id_.to_string() + "'");
  }

  const holdfast::Uuid id_ = holdfast::Uuid::parse("00000000-0000-7000-8000-0000000000d1");
  FakeNumbers numbers_;
  SignUp sign_up_;
};

TEST_F(OnboardingSteps, an_organization_is_created_pending_with_its_defaults_and_only_once) {
  step(bodies::create_organization, sign_up_);
  step(bodies::create_organization, sign_up_);
  EXPECT_EQ(one("slug, status, plan_minutes, billing_time_zone, settings #>> '{notify,email_to}'", "organizations"),
            "dental pending 1000 Europe/Berlin ann@example.com");
  EXPECT_EQ(one("email, role", "users"), "ann@example.com owner");
  EXPECT_EQ(one("name", "assistants"), "Receptionist");
  EXPECT_EQ(one("workflow_id, token_hash = sha256('token')", "organization_verifications"), "onboarding-dental t");
  EXPECT_EQ(one("action", "audit_log"), "organization.created");
}

TEST_F(OnboardingSteps, a_name_that_is_taken_and_an_unknown_plan_are_final) {
  auto other = sign_up_;
  other.slug = "acme";
  EXPECT_EQ(failure_of(other), "SlugTaken");
  other = sign_up_;
  other.plan_id = "gold";
  EXPECT_EQ(failure_of(other), "PlanNotFound");
}

TEST_F(OnboardingSteps, a_number_is_rented_once_although_the_first_answer_is_lost) {
  numbers_.lose_answers = 1;
  EXPECT_THROW(bodies::provision_number(services_, {id_, "US"}), holdfast::ApplicationError);
  const auto number = bodies::provision_number(services_, {id_, "US"});
  EXPECT_EQ(numbers_.rented.size(), 1u);
  step(bodies::create_organization, sign_up_);
  step(bodies::record_number, RecordNumber{id_, number});
  step(bodies::record_number, RecordNumber{id_, number});
  EXPECT_EQ(one("number, provider, assistant_id IS NOT NULL", "phone_numbers"), number.number + " fake t");
}

TEST_F(OnboardingSteps, verification_makes_it_active_and_begins_its_first_period) {
  step(bodies::create_organization, sign_up_);
  owner(
      "UPDATE platform.organizations SET period_start = now() - interval '9 days', period_end = now() + interval "
      "'20 days' WHERE slug = 'dental'");
  step(bodies::activate_organization, OnboardingKey{id_});
  EXPECT_EQ(
      one("status, period_start > now() - interval '1 hour', period_end > now() + interval '27 days'", "organizations"),
      "active t t");
  EXPECT_EQ(one("verified_at IS NOT NULL", "organization_verifications"), "t");
  const auto since = one("period_start", "organizations");
  step(bodies::activate_organization, OnboardingKey{id_});
  EXPECT_EQ(one("period_start", "organizations"), since);
}

TEST_F(OnboardingSteps, what_was_done_is_undone_and_the_name_is_free_again) {
  step(bodies::create_organization, sign_up_);
  step(bodies::record_number, RecordNumber{id_, bodies::provision_number(services_, {id_, "US"})});
  step(bodies::forget_numbers, OnboardingKey{id_});
  bodies::release_numbers(services_, OnboardingKey{id_});
  for (int i = 0; i < 2; ++i) step(bodies::remove_organization, OnboardingEnded{id_, "not verified"});
  EXPECT_TRUE(numbers_.rented.empty());
  EXPECT_EQ(one("slug, status", "organizations"), "deleted-" + id_.to_string() + " deleted");
  EXPECT_EQ(one("released_at IS NOT NULL", "phone_numbers"), "t");
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.organization_verifications"), "0");
  EXPECT_EQ(owner_value("SELECT detail ->> 'reason' FROM platform.audit_log WHERE action = 'organization.removed'"),
            "not verified");
  auto again = sign_up_;
  again.organization_id = holdfast::Uuid::parse("00000000-0000-7000-8000-0000000000d2");
  EXPECT_EQ(failure_of(again), "");
}

TEST_F(OnboardingSteps, the_whole_sign_up_runs_on_a_worker) {
  auto store = holdfast::store::open_postgres_store({.connection_string = runtime_});
  holdfast::worker::Registry registry;
  register_workflows(registry);
  register_activities(registry, services_);
  holdfast::worker::WorkerOptions options;
  options.task_queues = {"onboarding"};
  options.activity_threads = 2;
  holdfast::worker::Worker worker(*store, registry, options);
  worker.start();
  Client client(*store);
  const auto run = client.start(kOnboarding, onboarding_workflow_id("dental"), sign_up_);
  run.signal(kAddressVerified, AddressVerified{"ann@example.com"});
  EXPECT_EQ(run.result(60s).number, "+14155550000");
  EXPECT_EQ(one("status", "organizations"), "active");
  EXPECT_EQ(one("recipient, position('https://app.example.com/verify/token' in body) > 0", "outbox"),
            "ann@example.com t");
  EXPECT_TRUE(worker.stop());
}

}  // namespace
}  // namespace platform::test
