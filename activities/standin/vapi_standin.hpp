#pragma once

#include <activities/standin/exchange.hpp>
#include <activities/standin/standin_keys.hpp>

#include <mutex>
#include <vector>

namespace platform::standin {

/// VAPI's GET /call with updatedAtGt, updatedAtLe and limit, over the calls that a test put in.
class VapiStandin final : public VendorModule {
 public:
  explicit VapiStandin(const StandinKeys& keys) : keys_(keys) {}
  std::optional<Reply> handle(const Request& request) override;

  /// A call object with at least `id` and `updatedAt` (RFC 3339 in UTC); replaces the one with the same id.
  /// Throws std::invalid_argument if one is missing.
  void put(boost::json::object call);
  void clear();

 private:
  const StandinKeys& keys_;
  std::mutex mutex_;
  std::vector<boost::json::object> calls_;
};

}  // namespace platform::standin
