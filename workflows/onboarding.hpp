#pragma once

#include <string>

#include <activities/onboarding.hpp>
#include <holdfast/core/signal.hpp>
#include <holdfast/core/workflow.hpp>

namespace platform {

struct Onboarded {
  holdfast::Uuid organization_id;
  std::string number;  ///< E.164
};
BOOST_DESCRIBE_STRUCT(Onboarded, (), (organization_id, number))

/// The owner sent the token of the welcome e-mail back.
struct AddressVerified {
  std::string email;
};
BOOST_DESCRIBE_STRUCT(AddressVerified, (), (email))
inline const holdfast::Signal<AddressVerified> kAddressVerified{"address_verified"};

/// A sign-up, from the form to an active organization: create it, rent a phone number, welcome the owner and wait up to
/// 14 days, with reminders, until the address is verified. If a step fails for good, if nobody answers, or if the run
/// is canceled, what was done is undone in reverse order. Workflow id: onboarding_workflow_id(). Fails with the failed
/// step's type, or "NotVerified".
inline const holdfast::WorkflowType<SignUp, Onboarded> kOnboarding{"Onboarding", "onboarding"};

holdfast::Workflow<Onboarded> onboarding(holdfast::Context ctx, SignUp sign_up);

}  // namespace platform
