#pragma once

#include <activities/vendors/http_client.hpp>
#include <activities/vendors/network_policy.hpp>

#include <memory>

namespace platform::vendors {

struct CurlOptions {
  NetworkPolicy policy = NetworkPolicy::public_internet();
  std::size_t most_idle_handles = 64;
  std::chrono::milliseconds connect_timeout{10'000};
  std::string user_agent = "Holdfast/0.1";
};

/// HttpClient on libcurl. The policy is checked on the address of the real peer at connect time, so a name that
/// resolves to a private address, or changes its address between check and use, is refused. Environment proxies are
/// ignored: behind a proxy the peer would be the proxy.
class CurlHttpClient final : public HttpClient {
 public:
  explicit CurlHttpClient(CurlOptions options = {});
  ~CurlHttpClient() override;

  HttpResult send(const HttpRequest& request) override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace platform::vendors
