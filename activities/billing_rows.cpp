#include <activities/billing_rows.hpp>

#include <activities/statement.hpp>

namespace platform::bodies {
namespace {

constexpr Statement kSetTenant{"platform_set_tenant", "SELECT set_config('app.organization_id', $1, true)"};

}  // namespace

void set_tenant(Services& services, pqxx::transaction_base& tx, const std::string& organization) {
  services.sql(tx, kSetTenant, organization);
}

}  // namespace platform::bodies
