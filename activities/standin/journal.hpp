#pragma once

#include <activities/standin/exchange.hpp>

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace platform::standin {

struct JournalEntry {
  std::int64_t number = 0;  ///< order of arrival, from 1
  Request request{};
  std::string fault{};  ///< name of the fault that was injected; empty: none
  int status = 0;       ///< what was answered; 0: nothing, or not yet
};

/// Every request in the order of arrival. Thread-safe.
class Journal {
 public:
  std::int64_t add(const Request& request);
  void finish(std::int64_t number, int status, std::string fault);
  std::vector<JournalEntry> entries() const;
  void clear();

 private:
  mutable std::mutex mutex_;
  std::vector<JournalEntry> entries_;
  std::int64_t last_number_ = 0;
};

boost::json::value to_json(const JournalEntry& entry);

}  // namespace platform::standin
