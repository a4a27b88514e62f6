#pragma once

#include <pqxx/transaction_base>

#include <activities/action_items.hpp>
#include <activities/billing.hpp>
#include <activities/billing_sweep.hpp>
#include <activities/broadcasts.hpp>
#include <activities/call_notices.hpp>
#include <activities/call_record.hpp>
#include <activities/call_webhooks.hpp>
#include <activities/meter_errors.hpp>
#include <activities/onboarding.hpp>
#include <activities/recording_copy.hpp>
#include <activities/services.hpp>
#include <activities/step_failures.hpp>
#include <activities/upkeep.hpp>
#include <activities/usage.hpp>
#include <activities/usage_aggregation.hpp>
#include <activities/usage_alerts.hpp>
#include <activities/vapi_reconcile.hpp>
#include <activities/webhook_posts.hpp>
#include <activities/webhook_redelivery.hpp>

/// What the activities do. Those with a transaction write in it and nowhere else, never block, and set the tenant
/// themselves; those without may take their time. All are thread-safe, and repeating one changes nothing. Failures
/// are holdfast::ApplicationError; what pqxx throws goes up to the engine.
namespace platform::bodies {

holdfast::Nothing insert_call(Services&, pqxx::transaction_base&, const CallKey&);
CallFacts update_call_record(Services&, pqxx::transaction_base&, const CallKey&);
holdfast::Nothing store_transcript(Services&, pqxx::transaction_base&, const CallKey&);
holdfast::Nothing store_recording(Services&, pqxx::transaction_base&, const CallKey&);

ActionItems extract_action_items(Services&, const CallKey&);
holdfast::Nothing store_action_items(Services&, pqxx::transaction_base&, const StoreActionItems&);

/// `attempt` counts from 1; from the second on the vendor is asked first whether an earlier one got through.
NoticeOutcome send_call_sms(Services&, const CallNotice&);
NoticeOutcome send_call_email(Services&, const CallNotice&);
holdfast::Nothing record_call_notices(Services&, pqxx::transaction_base&, const SentNotices&);

UsageAdded add_usage(Services&, pqxx::transaction_base&, const CallUsage&);
WebhooksStarted start_call_webhooks(Services&, pqxx::transaction_base&, const CallKey&);
holdfast::Nothing broadcast_call(Services&, const CallBroadcast&);
holdfast::Nothing record_step_failure(Services&, pqxx::transaction_base&, const StepFailure&);

/// `attempt` counts from 1, and lengthens the wait for a place at a busy endpoint.
WebhookAnswer post_webhook(Services&, const DeliveryKey&, int attempt = 1);
holdfast::Nothing log_webhook_attempt(Services&, pqxx::transaction_base&, const WebhookAttempt&);
EndpointState give_up_webhook(Services&, pqxx::transaction_base&, const WebhookGivenUp&);
RedeliveredPage redeliver_page(Services&, pqxx::transaction_base&, const RedeliveryRange&);
holdfast::Nothing email_endpoint_disabled(Services&, const EndpointNotice&);

OrganizationPages divide_organizations(Services&, const OrganizationsAfter&);
UsageTotals aggregate_usage(Services&, const UsageDay&);
UsageAlertSent email_usage_alert(Services&, const UsageAlert&);

BillingStarted start_due_billing(Services&, pqxx::transaction_base&, const BillingPage&);
Settlement settle_period(Services&, pqxx::transaction_base&, const BillingKey&);
/// `attempt` counts from 1: each makes a request of its own for the same event.
ReportSent report_usage(Services&, const ReportKey&, int attempt);
holdfast::Nothing record_report(Services&, pqxx::transaction_base&, const ReportKey&);
holdfast::Nothing record_refusal(Services&, pqxx::transaction_base&, const ReportRefusal&);
holdfast::Nothing expire_report(Services&, pqxx::transaction_base&, const ReportRefusal&);
PeriodMoved close_period(Services&, pqxx::transaction_base&, const BillingPeriod&);
MeterErrors read_meter_errors(Services&, const VendorEventKey&);
holdfast::Nothing record_rejected_usage(Services&, pqxx::transaction_base&, const RejectedUsage&);

holdfast::Nothing create_organization(Services&, pqxx::transaction_base&, const SignUp&);
ProvisionedNumber provision_number(Services&, const NumberWish&);
holdfast::Nothing record_number(Services&, pqxx::transaction_base&, const RecordNumber&);
holdfast::Nothing send_welcome(Services&, const WelcomeMail&);
holdfast::Nothing activate_organization(Services&, pqxx::transaction_base&, const OnboardingKey&);
holdfast::Nothing release_numbers(Services&, const OnboardingKey&);
holdfast::Nothing forget_numbers(Services&, pqxx::transaction_base&, const OnboardingKey&);
holdfast::Nothing remove_organization(Services&, pqxx::transaction_base&, const OnboardingEnded&);

PartitionsMade make_partitions(Services&, const UpkeepRequest&);
ReconciledPage reconcile_calls(Services&, const ReconcilePage&);

RecordingCopied copy_recording(Services&, const CallKey&);
holdfast::Nothing record_recording_copy(Services&, pqxx::transaction_base&, const CallKey&);

}  // namespace platform::bodies
