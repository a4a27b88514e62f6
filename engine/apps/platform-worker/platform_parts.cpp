#include "platform_parts.hpp"

#include <activities/registration.hpp>
#include <workflows/definitions.hpp>

PlatformParts::PlatformParts(const std::string& database_url, bool prepared)
    : sql_{prepared},
      database_(database_url),
      broadcasts_(database_url, sql_),
      vendors_(platform::vendors::make_vendors(
          platform::vendors::vendor_config_from_environment(),
          [](const platform::vendors::OutboxMessage&) {},  // the step after the send writes the outbox
          [this](const platform::vendors::Broadcast& broadcast) { broadcasts_.add(broadcast); })),
      services_{sql_,
                database_,
                caches_,
                *vendors_.action_items,
                *vendors_.sms,
                *vendors_.email,
                *vendors_.realtime,
                *vendors_.webhooks,
                *vendors_.billing,
                vendors_.phone_numbers.get(),
                vendors_.vapi_calls.get(),
                vendors_.objects.get(),
                vendors_.vendor_http.get()},
      insight_services_{sql_, database_, *vendors_.embedder, *vendors_.insights} {
  platform::register_workflows(registry_);
  platform::register_activities(registry_, services_);
  platform::register_insight_activities(registry_, insight_services_);
}
