#pragma once

#include <cstdint>
#include <string>

#include <boost/describe/class.hpp>

#include <activities/step_options.hpp>
#include <holdfast/core/time.hpp>
#include <holdfast/core/uuid.hpp>

namespace platform {

/// Somebody's wish to become a customer, checked by the API.
struct SignUp {
  holdfast::Uuid organization_id;
  std::string slug, name, plan_id;
  std::string owner_email, owner_name;
  std::string country = "US";             ///< of the phone number
  std::string billing_time_zone = "UTC";  ///< when its periods end
  std::string verification_token;         ///< what the owner has to send back
  std::string verification_url;           ///< the page that sends it; the token is appended. Empty: no link
};
BOOST_DESCRIBE_STRUCT(SignUp, (),
                      (organization_id, slug, name, plan_id, owner_email, owner_name, country, billing_time_zone,
                       verification_token, verification_url))

/// onboarding-{slug}: one sign-up at a time for a name.
inline std::string onboarding_workflow_id(const std::string& slug) { return "onboarding-" + slug; }

/// Names the organization that the steps below are about.
struct OnboardingKey {
  holdfast::Uuid organization_id;
};
BOOST_DESCRIBE_STRUCT(OnboardingKey, (), (organization_id))

struct NumberWish {
  holdfast::Uuid organization_id;
  std::string country;
};
BOOST_DESCRIBE_STRUCT(NumberWish, (), (organization_id, country))

struct ProvisionedNumber {
  std::string number;    ///< E.164
  std::string id;        ///< the vendor's
  std::string provider;  ///< as in phone_numbers
};
BOOST_DESCRIBE_STRUCT(ProvisionedNumber, (), (number, id, provider))

struct RecordNumber {
  holdfast::Uuid organization_id;
  ProvisionedNumber number;
};
BOOST_DESCRIBE_STRUCT(RecordNumber, (), (organization_id, number))

struct WelcomeMail {
  SignUp sign_up;
  std::string number;
  std::int64_t reminder = 0;  ///< 0: the welcome; then 1, 2, ...
};
BOOST_DESCRIBE_STRUCT(WelcomeMail, (), (sign_up, number, reminder))

struct OnboardingEnded {
  holdfast::Uuid organization_id;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(OnboardingEnded, (), (organization_id, reason))

/// What undoes a step is repeated until it succeeded: a rented number costs money until it is released.
inline holdfast::ActivityOptions compensation_options() {
  auto options = step_options();
  options.retry.max_attempts = 0;
  options.retry.maximum_interval = std::chrono::hours(1);
  return options;
}

/// Inserts the organization (status 'pending') with its owner, receptionist, settings and verification. Fails for good
/// with type "SlugTaken" or "PlanNotFound".
inline const holdfast::TransactionalActivity<SignUp> create_organization{"create_organization", step_options()};

/// Rents a phone number, or finds the one that an earlier attempt rented.
inline const holdfast::Activity<NumberWish, ProvisionedNumber> provision_number{"provision_number", step_options()};

/// Makes it the number of the organization's receptionist.
inline const holdfast::TransactionalActivity<RecordNumber> record_number{"record_number", step_options()};

/// Writes to the owner what to do; the reminders of it too.
inline const holdfast::Activity<WelcomeMail> send_welcome{"send_welcome", step_options()};

/// The owner has proved the address: status 'active', and the first period begins now.
inline const holdfast::TransactionalActivity<OnboardingKey> activate_organization{"activate_organization",
                                                                                  step_options()};

/// Gives back every number that is rented in the organization's name. Undoes provision_number, whatever came of it.
inline const holdfast::Activity<OnboardingKey> release_numbers{"release_numbers", compensation_options()};

/// Undoes record_number.
inline const holdfast::TransactionalActivity<OnboardingKey> forget_numbers{"forget_numbers", compensation_options()};

/// Undoes create_organization: status 'deleted', its keys are revoked and its slug is free again. What happened stays
/// in the audit log.
inline const holdfast::TransactionalActivity<OnboardingEnded> remove_organization{"remove_organization",
                                                                                  compensation_options()};

}  // namespace platform
