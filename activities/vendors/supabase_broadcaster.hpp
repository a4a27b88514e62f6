#pragma once

#include <activities/vendors/http_client.hpp>
#include <activities/vendors/realtime_broadcaster.hpp>

namespace platform::vendors {

struct SupabaseConfig {
  std::string base_url{};     ///< https://<project>.supabase.co
  std::string service_key{};  ///< service role
  std::chrono::milliseconds deadline{3'000};
};

/// Supabase Realtime's REST broadcast, always to private topics. The payload gets a member `id`.
class SupabaseBroadcaster final : public RealtimeBroadcaster {
 public:
  /// `client` must outlive this object.
  SupabaseBroadcaster(HttpClient& client, SupabaseConfig config) : client_(client), config_(std::move(config)) {}
  void send(const Broadcast& broadcast) override;

 private:
  HttpClient& client_;
  SupabaseConfig config_;
};

}  // namespace platform::vendors
