#include <activities/registration.hpp>

#include <activities/bodies.hpp>
#include <activities/insight_bodies.hpp>

namespace platform {
namespace {

using holdfast::worker::ActivityContext;

/// A transactional body without its services.
template <class Parts, class In, class Out>
auto in_transaction(Parts& services, Out (*body)(Parts&, pqxx::transaction_base&, const In&)) {
  return
      [&services, body](const In& in, pqxx::transaction_base& tx, ActivityContext&) { return body(services, tx, in); };
}

template <class Parts, class In, class Out>
auto plain(Parts& services, Out (*body)(Parts&, const In&)) {
  return [&services, body](const In& in, ActivityContext&) { return body(services, in); };
}

void register_billing(holdfast::worker::Registry& registry, Services& services) {
  registry.add(divide_organizations, plain(services, bodies::divide_organizations));
  registry.add(aggregate_usage, plain(services, bodies::aggregate_usage));
  registry.add(email_usage_alert, plain(services, bodies::email_usage_alert));
  registry.add(start_due_billing, in_transaction(services, bodies::start_due_billing));
  registry.add(settle_period, in_transaction(services, bodies::settle_period));
  registry.add(report_usage, [&services](const ReportKey& in, ActivityContext& context) {
    return bodies::report_usage(services, in, context.attempt());
  });
  registry.add(record_report, in_transaction(services, bodies::record_report));
  registry.add(record_refusal, in_transaction(services, bodies::record_refusal));
  registry.add(expire_report, in_transaction(services, bodies::expire_report));
  registry.add(close_period, in_transaction(services, bodies::close_period));
  registry.add(read_meter_errors, plain(services, bodies::read_meter_errors));
  registry.add(record_rejected_usage, in_transaction(services, bodies::record_rejected_usage));
}

}  // namespace

void register_activities(holdfast::worker::Registry& registry, Services& services) {
  registry.add(insert_call, in_transaction(services, bodies::insert_call));
  registry.add(update_call_record, in_transaction(services, bodies::update_call_record));
  registry.add(store_transcript, in_transaction(services, bodies::store_transcript));
  registry.add(store_recording, in_transaction(services, bodies::store_recording));
  registry.add(extract_action_items, plain(services, bodies::extract_action_items));
  registry.add(store_action_items, in_transaction(services, bodies::store_action_items));
  registry.add(send_call_sms, plain(services, bodies::send_call_sms));
  registry.add(send_call_email, plain(services, bodies::send_call_email));
  registry.add(record_call_notices, in_transaction(services, bodies::record_call_notices));
  registry.add(add_usage, in_transaction(services, bodies::add_usage));
  registry.add(start_call_webhooks, in_transaction(services, bodies::start_call_webhooks));
  registry.add(broadcast_call, plain(services, bodies::broadcast_call));
  registry.add(record_step_failure, in_transaction(services, bodies::record_step_failure));
  registry.add(post_webhook, [&services](const DeliveryKey& in, ActivityContext& context) {
    return bodies::post_webhook(services, in, context.attempt());
  });
  registry.add(log_webhook_attempt, in_transaction(services, bodies::log_webhook_attempt));
  registry.add(give_up_webhook, in_transaction(services, bodies::give_up_webhook));
  registry.add(create_organization, in_transaction(services, bodies::create_organization));
  registry.add(provision_number, plain(services, bodies::provision_number));
  registry.add(record_number, in_transaction(services, bodies::record_number));
  registry.add(send_welcome, plain(services, bodies::send_welcome));
  registry.add(activate_organization, in_transaction(services, bodies::activate_organization));
  registry.add(release_numbers, plain(services, bodies::release_numbers));
  registry.add(forget_numbers, in_transaction(services, bodies::forget_numbers));
  registry.add(remove_organization, in_transaction(services, bodies::remove_organization));
  registry.add(make_partitions, plain(services, bodies::make_partitions));
  registry.add(reconcile_calls, plain(services, bodies::reconcile_calls));
  registry.add(copy_recording, plain(services, bodies::copy_recording));
  registry.add(record_recording_copy, in_transaction(services, bodies::record_recording_copy));
  registry.add(redeliver_page, in_transaction(services, bodies::redeliver_page));
  registry.add(email_endpoint_disabled, plain(services, bodies::email_endpoint_disabled));
  register_billing(registry, services);
}

void register_insight_activities(holdfast::worker::Registry& registry, InsightServices& services) {
  registry.add(describe_interaction, plain(services, bodies::describe_interaction));
  registry.add(store_interaction, in_transaction(services, bodies::store_interaction));
  registry.add(embed_interaction, plain(services, bodies::embed_interaction));
  registry.add(record_interaction_failure, in_transaction(services, bodies::record_interaction_failure));
  registry.add(start_discoveries, in_transaction(services, bodies::start_discoveries));
  registry.add(embed_missing_texts, plain(services, bodies::embed_missing_texts));
  registry.add(find_patterns, [&services](const PatternPeriod& in, ActivityContext& context) {
    return bodies::find_patterns(services, in, [&context] { return context.cancel_requested(); });
  });
  registry.add(sum_up_patterns, plain(services, bodies::sum_up_patterns));
  registry.add(describe_pattern, plain(services, bodies::describe_pattern));
  registry.add(store_patterns, in_transaction(services, bodies::store_patterns));
  registry.add(start_rollups, in_transaction(services, bodies::start_rollups));
  registry.add(search_knowledge, plain(services, bodies::search_knowledge));
}

}  // namespace platform
