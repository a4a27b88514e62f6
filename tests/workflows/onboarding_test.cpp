#include <gtest/gtest.h>

#include <holdfast/testing/environment.hpp>
#include <workflows/onboarding.hpp>

namespace platform::test {
namespace {

using namespace holdfast;
using namespace std::chrono_literals;

class OnboardingFlow : public ::testing::Test {
 protected:
  OnboardingFlow() {
    env_.on(create_organization, [this](const SignUp&) { did("create"); });
    env_.on(provision_number, [this](const NumberWish& wish) {
      did("rent");
      EXPECT_EQ(wish.country, "US");
      return ProvisionedNumber{"+14155551000", "PN1", "twilio"};
    });
    env_.on(record_number, [this](const RecordNumber&) { did("record"); });
    env_.on(send_welcome, [this](const WelcomeMail& mail) {
      did(mail.reminder == 0 ? "welcome" : "remind" + std::to_string(mail.reminder));
    });
    env_.on(activate_organization, [this](const OnboardingKey&) { did("activate"); });
    env_.on(forget_numbers, [this](const OnboardingKey&) { did("forget"); });
    env_.on(release_numbers, [this](const OnboardingKey&) { did("release"); });
    env_.on(remove_organization, [this](const OnboardingEnded& end) {
      did("remove");
      reason_ = end.reason;
    });
  }
  void did(const std::string& what) { done_ += (done_.empty() ? "" : " ") + what; }
  Onboarded run() {
    return env_.execute(kOnboarding, onboarding,
                        {.organization_id = Uuid::parse("00000000-0000-7000-8000-00000000000a"),
                         .slug = "acme",
                         .name = "Acme",
                         .plan_id = "starter",
                         .owner_email = "a@b.c",
                         .owner_name = "Ann",
                         .verification_token = "token",
                         .verification_url = ""});
  }
  /// The type of the failure.
  std::string failure() {
    try {
      run();
    } catch (const FailureError& e) {
      return e.failure().type;
    }
    return "";
  }

  holdfast::testing::Environment env_;
  std::string done_, reason_;
};

TEST_F(OnboardingFlow, a_verified_address_makes_an_active_organization) {
  env_.signal_after(2h, kAddressVerified, {.email = "a@b.c"});
  EXPECT_EQ(run().number, "+14155551000");
  EXPECT_EQ(done_, "create rent record welcome activate");
  EXPECT_EQ(env_.elapsed(), 2h);
}

TEST_F(OnboardingFlow, reminders_go_out_until_the_answer_comes) {
  env_.signal_after(24h * 8, kAddressVerified, {.email = "a@b.c"});
  run();
  EXPECT_EQ(done_, "create rent record welcome remind1 remind2 remind3 activate");
}

TEST_F(OnboardingFlow, after_fourteen_days_without_an_answer_everything_is_undone_in_reverse_order) {
  EXPECT_EQ(failure(), "NotVerified");
  EXPECT_EQ(done_, "create rent record welcome remind1 remind2 remind3 remind4 forget release remove");
  EXPECT_EQ(env_.elapsed(), 24h * 14);
  EXPECT_EQ(reason_, "the address was not verified within 14 days");
}

TEST_F(OnboardingFlow, a_number_whose_outcome_is_unknown_is_looked_for_and_released) {
  env_.on(provision_number, [this](const NumberWish&) -> ProvisionedNumber {
    did("rent");
    throw ApplicationError("twilio.connection_lost", "lost");
  });
  EXPECT_EQ(failure(), "twilio.connection_lost");
  EXPECT_EQ(done_, "create rent rent rent rent rent release remove");
}

TEST_F(OnboardingFlow, a_name_that_is_taken_leaves_nothing_to_undo) {
  env_.on(create_organization, [](const SignUp&) { throw ApplicationError("SlugTaken", "taken", true); });
  EXPECT_EQ(failure(), "SlugTaken");
  EXPECT_EQ(done_, "");
}

TEST_F(OnboardingFlow, a_welcome_that_cannot_be_sent_undoes_everything) {
  env_.on(send_welcome, [](const WelcomeMail&) { throw ApplicationError("resend.validation_error", "no", true); });
  EXPECT_EQ(failure(), "resend.validation_error");
  EXPECT_EQ(done_, "create rent record forget release remove");
}

TEST_F(OnboardingFlow, a_reminder_that_cannot_be_sent_does_not_end_the_wait) {
  env_.on(send_welcome, [this](const WelcomeMail& mail) {
    if (mail.reminder > 0) throw ApplicationError("resend.validation_error", "no", true);
    did("welcome");
  });
  env_.signal_after(24h * 2, kAddressVerified, {.email = "a@b.c"});
  run();
  EXPECT_EQ(done_, "create rent record welcome activate");
}

TEST_F(OnboardingFlow, compensation_is_repeated_until_it_succeeds) {
  int attempts = 0;
  env_.on(release_numbers, [&](const OnboardingKey&) {
    if (++attempts < 9) throw ApplicationError("twilio.http_500", "down");
    did("release");
  });
  EXPECT_EQ(failure(), "NotVerified");
  EXPECT_EQ(attempts, 9);
  EXPECT_TRUE(done_.ends_with("forget release remove"));
}

TEST_F(OnboardingFlow, a_canceled_sign_up_is_undone) {
  env_.cancel_after(24h);
  EXPECT_THROW(run(), CanceledError);
  EXPECT_TRUE(done_.ends_with("forget release remove")) << done_;
}

}  // namespace
}  // namespace platform::test
