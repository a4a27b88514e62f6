#pragma once

#include <string>

#include <activities/services.hpp>

namespace platform::bodies {

/// Sets the tenant of the transaction in a statement of its own: for steps that update rows, which no lateral subquery
/// can order after set_config.
void set_tenant(Services& services, pqxx::transaction_base& tx, const std::string& organization);

}  // namespace platform::bodies
