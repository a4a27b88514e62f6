#include <future>

#include "store_contract.hpp"

namespace holdfast::test {
namespace {

using namespace store;
using namespace std::chrono_literals;

class Wakeups : public StoreContract {
 protected:
  static constexpr Duration kLong = 20s;  ///< ends a test that would hang; never waited for in full
};
HOLDFAST_ON_EVERY_STORE(Wakeups);

TEST_P(Wakeups, HintsReachEveryListener) {
  auto first = store().listen();
  auto second = store().listen();
  first->wait(1ms);  // connected from here on
  second->wait(1ms);
  const std::vector<std::string> hints{"q:default", "w:17"};
  store().notify(hints);
  for (auto* listener : {first.get(), second.get()}) {
    std::vector<std::string> heard;
    while (heard.size() < 2) {
      const auto more = listener->wait(kLong);
      ASSERT_FALSE(more.empty()) << "after " << heard.size() << " hints";
      heard.insert(heard.end(), more.begin(), more.end());
    }
    EXPECT_EQ(heard, hints);
  }
}

TEST_P(Wakeups, WithoutHintsAWaitEndsEmpty) { EXPECT_TRUE(store().listen()->wait(1ms).empty()); }

TEST_P(Wakeups, InterruptingEndsAWait) {
  auto listener = store().listen();
  auto waiting = std::async(std::launch::async, [&] { return listener->wait(kLong); });
  // Repeated: an interrupt before the wait began may be forgotten.
  while (waiting.wait_for(1ms) != std::future_status::ready) listener->interrupt();
  EXPECT_TRUE(waiting.get().empty());
}

TEST_P(Wakeups, HintsOfAnyTextArrive) {
  auto listener = store().listen();
  listener->wait(1ms);
  const std::vector<std::string> hints{"'; DROP TABLE x; --", "\u00e9 \"quoted\" \\"};
  store().notify(hints);
  std::vector<std::string> heard;
  while (heard.size() < 2) {
    const auto more = listener->wait(kLong);
    ASSERT_FALSE(more.empty());
    heard.insert(heard.end(), more.begin(), more.end());
  }
  EXPECT_EQ(heard, hints);
  EXPECT_NO_THROW(store().notify({}));
}

}  // namespace
}  // namespace holdfast::test
