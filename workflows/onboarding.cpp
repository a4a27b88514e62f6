#include <workflows/onboarding.hpp>

#include <array>
#include <optional>

namespace platform {

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

constexpr Duration kDay = 24h;
constexpr Duration kVerificationTime = 14 * kDay;
constexpr std::array<Duration, 4> kReminders{1 * kDay, 3 * kDay, 7 * kDay, 12 * kDay};  // after the welcome

/// What was done so far, and hence what there is to undo.
struct Progress {
  bool organization = false;
  bool number = false;  ///< asked for: whether it was rented may be unknown
  bool recorded = false;
};

Workflow<Nothing> remind(Context ctx, WelcomeMail mail) {
  try {
    co_await ctx.run(send_welcome, mail);
  } catch (const ActivityError& e) {
    ctx.log(std::string("a reminder was not sent: ") + e.what(), "warning");
  }
  co_return Nothing{};
}

/// True once the owner answered; false after 14 days.
Workflow<bool> wait_for_verification(Context ctx, WelcomeMail mail) {
  const auto deadline = ctx.now() + kVerificationTime;
  for (const auto after : kReminders) {
    const auto next = deadline - kVerificationTime + after;
    if (co_await ctx.receive(kAddressVerified, next - ctx.now())) co_return true;
    ++mail.reminder;
    co_await remind(ctx, mail);
  }
  co_return (co_await ctx.receive(kAddressVerified, deadline - ctx.now())).has_value();
}

/// In reverse order. Each step is repeated until it succeeded.
Workflow<Nothing> undo(Context ctx, Uuid organization, Progress done, std::string reason) {
  const OnboardingKey key{organization};
  if (done.recorded) co_await ctx.run(forget_numbers, key);
  if (done.number) co_await ctx.run(release_numbers, key);
  if (done.organization) co_await ctx.run(remove_organization, {.organization_id = organization, .reason = reason});
  co_return Nothing{};
}

}  // namespace

Workflow<Onboarded> onboarding(Context ctx, SignUp sign_up) {
  const OnboardingKey key{sign_up.organization_id};
  Progress done;
  Onboarded result{.organization_id = sign_up.organization_id, .number = {}};
  std::string failure, reason;
  std::optional<Failure> canceled;
  try {
    co_await ctx.run(create_organization, sign_up);
    done.organization = true;

    done.number = true;
    const auto number = co_await ctx.run(provision_number, {sign_up.organization_id, sign_up.country});
    done.recorded = true;
    co_await ctx.run(record_number, {sign_up.organization_id, number});
    result.number = number.number;

    const WelcomeMail welcome{.sign_up = sign_up, .number = number.number};
    co_await ctx.run(send_welcome, welcome);
    if (co_await wait_for_verification(ctx, welcome)) {
      co_await ctx.run(activate_organization, key);
      co_return result;
    }
    failure = "NotVerified";
    reason = "the address was not verified within 14 days";
  } catch (const ActivityError& e) {
    failure = e.cause_type();
    reason = e.what();
  } catch (const CanceledError& e) {
    canceled = e.failure();
    reason = "the sign-up was canceled";
  }
  co_await undo(ctx, sign_up.organization_id, done, reason);
  if (canceled) throw CanceledError(*canceled);
  throw ApplicationError(failure, reason, true);
}

}  // namespace platform
