#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include <holdfast/core/uuid.hpp>
#include <ingress/batch_threads.hpp>
#include <ingress/database_session.hpp>
#include <ingress/vapi_settings.hpp>

namespace platform::ingress {

/// What the ingress knows about an active organization. Immutable.
struct Organization {
  holdfast::Uuid id;
  VapiSettings vapi;
  std::string problem;                                      ///< not empty: why settings.vapi cannot be used
  std::map<std::string, std::string> assistants_by_number;  ///< phone number to the vendor's assistant id

  /// Who takes a call to `number`; empty: nobody.
  std::string assistant_for(const std::string& number) const;
};

/// Organizations by id, remembered for a short time, so that a webhook costs no look-up. Thread-safe.
class OrganizationDirectory {
 public:
  explicit OrganizationDirectory(const DatabaseOptions& database,
                                 std::chrono::milliseconds remember = std::chrono::seconds(5));

  /// nullptr: there is no such organization, or it is not active. Throws Unavailable.
  std::shared_ptr<const Organization> find(const holdfast::Uuid& id, std::chrono::milliseconds timeout);

  /// Throws Unavailable unless the database answers.
  void ping(std::chrono::milliseconds timeout);

 private:
  using Found = std::shared_ptr<const Organization>;
  using Clock = std::chrono::steady_clock;
  struct Entry {
    Found organization;
    Clock::time_point until;
  };

  Found look_up(const holdfast::Uuid& id);
  void keep(const holdfast::Uuid& id, Found organization);

  const std::chrono::milliseconds remember_;
  std::mutex mutex_;
  std::unordered_map<holdfast::Uuid, Entry> known_;
  DatabaseSession session_;
  BatchThreads<holdfast::Uuid, Found> thread_;  // last: ends first
};

}  // namespace platform::ingress
