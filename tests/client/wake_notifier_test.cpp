#include <holdfast/client/wake_notifier.hpp>

#include <latch>

#include <gmock/gmock.h>

#include "forwarding_store.hpp"

namespace holdfast::client {
namespace {

using test::ForwardingStore;

TEST(WakeNotifier, SendsAHint) {
  const auto store = std::make_shared<ForwardingStore>();
  WakeNotifier notifier(store);
  notifier.wake("q:default");
  EXPECT_TRUE(store->saw_hint("q:default"));
}

TEST(WakeNotifier, NeverBlocksTheCallerAndGathersWhileOneIsUnderWay) {
  const auto store = std::make_shared<ForwardingStore>();
  std::latch entered(1), go(1);
  std::atomic<bool> first = true;
  store->before_notify = [&] {
    if (!first.exchange(false)) return;
    entered.count_down();
    go.wait();
  };
  {
    WakeNotifier notifier(store);
    notifier.wake("q:a");
    entered.wait();
    // The database hangs in the first NOTIFY. A thousand wake-ups return all the same, and become one call.
    for (int i = 0; i < 1000; ++i) notifier.wake(i % 2 == 0 ? "q:a" : "q:b");
    go.count_down();
    EXPECT_TRUE(store->saw_hint("q:b"));
  }
  EXPECT_EQ(store->notify_calls(), 2);
  EXPECT_THAT(store->hints(), testing::ElementsAre("q:a", "q:a", "q:b"));
}

TEST(WakeNotifier, GoesOnAfterTheDatabaseWasAway) {
  const auto store = std::make_shared<ForwardingStore>();
  std::latch failed(1);
  std::atomic<bool> first = true;
  store->before_notify = [&] {
    if (!first.exchange(false)) return;
    failed.count_down();
    throw store::Unavailable("no server");
  };
  WakeNotifier notifier(store);
  notifier.wake("q:a");
  failed.wait();
  notifier.wake("q:b");
  EXPECT_TRUE(store->saw_hint("q:b"));
}

TEST(WakeNotifier, SendsWhatWaitsWhenItEnds) {
  const auto store = std::make_shared<ForwardingStore>();
  {
    WakeNotifier notifier(store, std::chrono::hours(1));
    notifier.wake("q:a");
    ASSERT_TRUE(store->saw_hint("q:a"));
    notifier.wake("q:b");  // would be sent in an hour
  }
  EXPECT_THAT(store->hints(), testing::ElementsAre("q:a", "q:b"));
}

}  // namespace
}  // namespace holdfast::client
