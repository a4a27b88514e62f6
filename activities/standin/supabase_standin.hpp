#pragma once

#include <activities/standin/effects.hpp>
#include <activities/standin/exchange.hpp>
#include <activities/standin/standin_keys.hpp>

namespace platform::standin {

/// Supabase Realtime's POST /realtime/v1/api/broadcast: 202 without a body.
class SupabaseStandin final : public VendorModule {
 public:
  SupabaseStandin(const StandinKeys& keys, Effects& effects) : keys_(keys), effects_(effects) {}
  std::optional<Reply> handle(const Request& request) override;

 private:
  const StandinKeys& keys_;
  Effects& effects_;
};

}  // namespace platform::standin
