#include <activities/standin/journal.hpp>

#include <algorithm>

namespace platform::standin {
namespace {

boost::json::object to_json(const Fields& fields) {
  boost::json::object out;
  for (const auto& [name, value] : fields) out[name] = value;
  return out;
}

}  // namespace

std::int64_t Journal::add(const Request& request) {
  const std::lock_guard lock(mutex_);
  entries_.push_back({.number = ++last_number_, .request = request});
  return last_number_;
}

void Journal::finish(std::int64_t number, int status, std::string fault) {
  const std::lock_guard lock(mutex_);
  const auto entry = std::ranges::find(entries_, number, &JournalEntry::number);
  if (entry == entries_.end()) return;  // cleared in the meantime
  entry->status = status;
  entry->fault = std::move(fault);
}

std::vector<JournalEntry> Journal::entries() const {
  const std::lock_guard lock(mutex_);
  return entries_;
}

void Journal::clear() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
}

boost::json::value to_json(const JournalEntry& entry) {
  const auto& request = entry.request;
  return boost::json::object{{"number", entry.number},
                             {"method", request.method},
                             {"path", request.path},
                             {"query", to_json(request.query)},
                             {"headers", to_json(request.headers.fields())},
                             {"body", request.body},
                             {"fault", entry.fault},
                             {"status", entry.status}};
}

}  // namespace platform::standin
