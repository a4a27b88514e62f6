#pragma once

#include <holdfast/core/workflow.hpp>
#include <holdfast/testing/environment.hpp>

/// A small shop: the workflows that the testing environment is tested with.
namespace shop {

using namespace holdfast;
using namespace std::chrono_literals;

struct Order {
  std::string item;
  int cents = 0;
};
BOOST_DESCRIBE_STRUCT(Order, (), (item, cents))
struct Receipt {
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Receipt, (), (text))
struct Approval {
  bool yes = false;
};
BOOST_DESCRIBE_STRUCT(Approval, (), (yes))

inline ActivityOptions options(int max_attempts = 0) {
  ActivityOptions out;
  out.start_to_close = 30s;
  out.retry.max_attempts = max_attempts;
  return out;
}

inline const Activity<Order, Receipt> kCharge{"charge", options()};
inline const Activity<Order> kShip{"ship", options(2)};
inline const TransactionalActivity<Order, Receipt> kBook{"book", options(1)};
inline const Signal<Approval> kApproved{"approved"};
inline const WorkflowType<Order, Receipt> kShop{"Shop", "default"};

inline Workflow<Receipt> charge_only(Context ctx, Order order) { co_return co_await ctx.run(kCharge, order); }

inline Workflow<Receipt> three_steps(Context ctx, Order order) {
  auto booked = co_await ctx.run(kBook, order);
  auto charged = co_await ctx.run(kCharge, order);
  co_await ctx.run(kShip, order);
  co_return Receipt{booked.text + charged.text};
}

inline Workflow<Receipt> approval(Context ctx, Order order) {
  const auto approved = co_await ctx.receive(kApproved, 48h);
  if (!approved) co_return Receipt{"nobody answered"};
  if (!approved->yes) throw ApplicationError("Refused", order.item);
  co_return Receipt{"approved"};
}

inline Workflow<Receipt> monthly(Context ctx, Order order) {
  for (int i = 0; i < 12; ++i) {
    co_await ctx.sleep(30 * 24h);
    co_await ctx.run(kCharge, order);
  }
  ctx.log("a year is over");
  co_return Receipt{"a year"};
}

inline Workflow<Receipt> cleaning_up(Context ctx, Order order) {
  bool canceled = false;
  try {
    co_await ctx.sleep(24h);
  } catch (const CanceledError&) {
    canceled = true;
  }
  if (canceled) co_await ctx.run(kShip, order);
  throw CanceledError(Failure{FailureKind::canceled, "", "gave up", false, {}, "", {}});
}

inline Workflow<Receipt> waits_for_ever(Context ctx, Order) {
  co_await ctx.receive(kApproved);
  co_await ctx.receive(kApproved);
  co_return Receipt{};
}

inline Receipt paid(const Order& order) { return {order.item + " paid "}; }

}  // namespace shop
