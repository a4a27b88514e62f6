#include <holdfast/store/memory/memory_store.hpp>
#include <holdfast/store/memory/memory_tables.hpp>

namespace holdfast::store {
namespace {

class MemoryListener final : public Listener {
 public:
  explicit MemoryListener(MemoryTables& db) : db_(db) {
    const std::lock_guard lock(db_.mutex);
    db_.listeners[this];
  }
  ~MemoryListener() override {
    const std::lock_guard lock(db_.mutex);
    db_.listeners.erase(this);
  }

  std::vector<std::string> wait(Duration timeout) override {
    std::unique_lock lock(db_.mutex);
    auto& hints = db_.listeners.at(this);
    db_.hinted.wait_for(lock, timeout, [&] { return interrupted_ || !hints.empty(); });
    interrupted_ = false;
    return std::exchange(hints, {});
  }

  void interrupt() override {
    const std::lock_guard lock(db_.mutex);
    interrupted_ = true;
    db_.hinted.notify_all();
  }

 private:
  MemoryTables& db_;
  bool interrupted_ = false;
};

}  // namespace

void MemoryStore::notify(std::span<const std::string> hints) {
  const std::lock_guard lock(tables_->mutex);
  for (auto& [listener, waiting] : tables_->listeners) waiting.insert(waiting.end(), hints.begin(), hints.end());
  tables_->hinted.notify_all();
}

std::unique_ptr<Listener> MemoryStore::listen() { return std::make_unique<MemoryListener>(*tables_); }

}  // namespace holdfast::store
