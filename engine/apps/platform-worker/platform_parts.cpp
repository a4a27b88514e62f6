#include "platform_parts.hpp"

#include <activities/registration.hpp>
#include <workflows/definitions.hpp>

PlatformParts::PlatformParts(const std::string& database_url, bool prepared)
    : sql_{prepared},
      database_(database_url),
      writer_(database_url, sql_),
      vendors_(platform::vendors::make_vendors(
          platform::vendors::vendor_config_from_environment(),
          [this](const platform::vendors::OutboxMessage& message) { writer_.record_message(message); },
          [this](const platform::vendors::Broadcast& broadcast) { writer_.record_broadcast(broadcast); })),
      services_{sql_, database_, caches_, *vendors_.action_items, *vendors_.sms, *vendors_.email, *vendors_.realtime,
                *vendors_.webhooks} {
  platform::register_workflows(registry_);
  platform::register_activities(registry_, services_);
}
