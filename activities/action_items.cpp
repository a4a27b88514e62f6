#include <activities/action_items.hpp>

#include <activities/bodies.hpp>
#include <activities/statement.hpp>
#include <activities/vendor_failure.hpp>
#include <holdfast/core/codec.hpp>

namespace platform::bodies {
namespace {

constexpr Statement kStoreItems{"platform_store_action_items", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
INSERT INTO platform.call_actions (organization_id, created_at, call_id, position, text, kind, due)
SELECT t.id, $2::timestamptz, $3, i.position, i.text, i.kind, i.due
FROM tenant t CROSS JOIN ROWS FROM (json_to_recordset($4::json) AS (text text, kind text, due text))
  WITH ORDINALITY AS i (text, kind, due, position)
ON CONFLICT DO NOTHING)"};

}  // namespace

ActionItems extract_action_items(Services& services, const CallKey& call) {
  const auto report = report_of(services, call);
  const auto found = as_activity_failure(
      [&] { return services.action_items.extract({.transcript = report->transcript, .summary = report->summary}); });
  ActionItems result;
  for (const auto& item : found.items) result.items.push_back({item.text, item.kind, item.due});
  return result;
}

holdfast::Nothing store_action_items(Services& services, pqxx::transaction_base& tx, const StoreActionItems& in) {
  services.sql(tx, kStoreItems, in.call.organization_id.to_string(), holdfast::to_rfc3339(in.call.created_at),
               in.call.call_id, holdfast::encode(in.items));
  // For the messages to people that follow. The items come from the history, so this is right even if the transaction
  // is rolled back and repeated.
  services.caches.action_items.keep(in.call, in.items, in.items.size() * 200 + 200);
  return {};
}

}  // namespace platform::bodies
