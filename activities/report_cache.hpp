#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>

#include <pqxx/transaction_base>

#include <activities/call_key.hpp>
#include <activities/call_report.hpp>
#include <activities/statement.hpp>

namespace platform {

/// Parsed end-of-call reports by call. A report is read by several steps of its run, on a lane or a pool thread, and
/// its row never changes: so the first step reads and parses it, and the others find it here. Oldest entries go first
/// when more than `max_bytes` are held. Thread-safe.
class ReportCache {
 public:
  explicit ReportCache(SqlRunner sql = {}, std::size_t max_bytes = 64u << 20) : sql_(sql), max_bytes_(max_bytes) {}

  /// The report of a call, read through `tx` if it is not here; sets the transaction's tenant when it reads.
  /// Throws holdfast::ApplicationError "ReportNotFound" or "BadReport", both not retryable.
  std::shared_ptr<const CallReport> get(pqxx::transaction_base& tx, const CallKey& call);

  /// nullptr if it is not here.
  std::shared_ptr<const CallReport> find(const CallKey& call) const;

 private:
  struct Entry {
    std::shared_ptr<const CallReport> report;
    std::list<CallKey>::iterator age;
  };
  void keep(const CallKey& call, std::shared_ptr<const CallReport> report);

  const SqlRunner sql_;
  const std::size_t max_bytes_;
  mutable std::mutex mutex_;
  std::map<CallKey, Entry> entries_;
  std::list<CallKey> oldest_first_;
  std::size_t bytes_ = 0;
};

}  // namespace platform
