#pragma once

#include <activities/vendors/http_client.hpp>

#include <string>
#include <vector>

namespace platform::vendors {

/// One call as VAPI knows it.
struct VapiCall {
  std::string id{};
  std::string status{};      ///< "ended", "in-progress", …
  std::string updated_at{};  ///< RFC 3339
  std::string json{};        ///< the whole call object
};

/// Reads calls from VAPI, to find those whose reports never arrived. Thread-safe. Failures are VendorError.
class VapiCalls {
 public:
  virtual ~VapiCalls() = default;
  /// At most `limit` (1 to 1000) calls that changed after `after` and not after `before` (RFC 3339), the latest first.
  virtual std::vector<VapiCall> updated_between(const std::string& after, const std::string& before, int limit) = 0;
};

/// Without a key there is nothing to reconcile with.
class LocalVapiCalls final : public VapiCalls {
 public:
  std::vector<VapiCall> updated_between(const std::string&, const std::string&, int) override { return {}; }
};

struct VapiConfig {
  std::string base_url = "https://api.vapi.ai";
  std::string api_key{};
  std::chrono::milliseconds deadline{20'000};
};

class HttpVapiCalls final : public VapiCalls {
 public:
  /// `client` must outlive this object.
  HttpVapiCalls(HttpClient& client, VapiConfig config) : client_(client), config_(std::move(config)) {}
  std::vector<VapiCall> updated_between(const std::string& after, const std::string& before, int limit) override;

 private:
  HttpClient& client_;
  VapiConfig config_;
};

}  // namespace platform::vendors
