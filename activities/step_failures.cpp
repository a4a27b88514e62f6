#include <activities/step_failures.hpp>

#include <boost/json.hpp>

#include <activities/bodies.hpp>
#include <activities/statement.hpp>

namespace platform::bodies {
namespace {

constexpr Statement kRecordFailure{"platform_record_step_failure", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
INSERT INTO platform.audit_log (organization_id, actor, action, subject, detail)
SELECT t.id, $2, 'call.step_failed', $3, $4::json FROM tenant t)"};

}  // namespace

holdfast::Nothing record_step_failure(Services& services, pqxx::transaction_base& tx, const StepFailure& in) {
  const boost::json::object detail{{"step", in.step}, {"error", in.error}};
  services.sql(tx, kRecordFailure, in.call.organization_id.to_string(), call_workflow_id(in.call), in.call.call_id,
               boost::json::serialize(detail));
  return {};
}

}  // namespace platform::bodies
