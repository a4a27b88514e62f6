#include <holdfast/store/memory/manual_clock.hpp>
#include <holdfast/store/memory/memory_store.hpp>

#include "store_contract.hpp"

namespace holdfast::test {
namespace {

class MemoryHarness final : public StoreHarness {
 public:
  store::Store& store() override { return store_; }
  void advance(Duration by) override { clock_.advance(by); }

 private:
  store::ManualClock clock_;
  store::MemoryStore store_{{.now = [this] { return clock_.now(); }}};
};

}  // namespace

Backend memory_backend() {
  return {"memory", [] { return std::make_unique<MemoryHarness>(); }};
}

}  // namespace holdfast::test
