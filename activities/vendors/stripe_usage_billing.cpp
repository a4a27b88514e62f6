#include <activities/vendors/stripe_usage_billing.hpp>

#include <activities/vendors/json_reader.hpp>
#include <activities/vendors/text.hpp>
#include <activities/vendors/vendor_error.hpp>

#include <cmath>

namespace platform::vendors {
namespace {

constexpr std::string_view kDuplicate = "already exists with this identifier";

VendorFault read_fault(const HttpResult& result) {
  auto fault = fault_of("stripe", result);
  if (const auto body = parse_json(result.body)) {
    for (const auto* name : {"type", "code"})  // the code if there is one, else the type
      if (const auto text = string_member(*body, {"error", name}); !text.empty()) fault.code = text;
    if (const auto message = string_member(*body, {"error", "message"}); !message.empty()) fault.message = message;
  }
  if (result.status == 409) fault.kind = VendorErrorKind::retry;
  return fault;
}

[[noreturn]] void throw_bad_answer(VendorErrorKind kind, int status, std::string what) {
  throw VendorError(
      {.kind = kind, .vendor = "stripe", .status = status, .code = "bad_answer", .message = std::move(what)});
}

std::string unix_text(std::chrono::sys_seconds time) { return std::to_string(time.time_since_epoch().count()); }

/// Sums are numbers, of whole events whole ones.
std::int64_t whole(const boost::json::value* value, int status) {
  const double number = value == nullptr     ? NAN
                        : value->is_int64()  ? static_cast<double>(value->get_int64())
                        : value->is_uint64() ? static_cast<double>(value->get_uint64())
                        : value->is_double() ? value->get_double()
                                             : NAN;
  if (!(std::abs(number) < 9e15) || number != std::trunc(number))
    throw_bad_answer(VendorErrorKind::permanent, status, "an aggregated_value is not a whole number");
  return static_cast<std::int64_t>(number);
}

MeterError read_sample(const boost::json::value& sample, std::string_view code) {
  return {.identifier = std::string(string_member(sample, {"request", "identifier"})),
          .code = std::string(code),
          .message = std::string(string_member(sample, {"error_message"}))};
}

const boost::json::array& list(const boost::json::value* value) {
  static const boost::json::array kNone;
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

}  // namespace

HttpRequest StripeUsageBilling::request(std::string method, const std::string& path) const {
  HttpRequest out{.method = std::move(method), .url = joined_url(config_.base_url, path), .deadline = config_.deadline};
  out.headers.add("Authorization", "Bearer " + config_.api_key);
  out.headers.add("Stripe-Version", config_.version);
  return out;
}

void StripeUsageBilling::report(const MeterEvent& event) {
  check_meter_event(event);
  auto post = request("POST", "/v1/billing/meter_events");
  post.headers.add("Content-Type", "application/x-www-form-urlencoded");
  // A key for this attempt only. Stripe keeps the first answer to a key, even a 500, and would repeat it for a day;
  // what makes the event count once is its identifier.
  post.headers.add("Idempotency-Key", event.request_key);
  const auto field = [&](const std::string& name, const std::string& value) {
    post.body += (post.body.empty() ? "" : "&") + form_encoded(name) + "=" + form_encoded(value);
  };
  field("event_name", config_.event_name);
  field("identifier", event.identifier);
  field("timestamp", unix_text(event.time));
  field("payload[stripe_customer_id]", event.customer_id);
  field("payload[value]", std::to_string(event.quantity));

  const auto result = client_.send(post);
  if (result.outcome == HttpOutcome::ok) {
    const auto answer = parse_json(result.body);
    if (answer && string_member(*answer, {"identifier"}) == event.identifier) return;
    throw_bad_answer(VendorErrorKind::unknown_outcome, result.status, "the answer does not name the event");
  }
  auto fault = read_fault(result);
  if (result.status == 400 && fault.message.find(kDuplicate) != std::string::npos) return;
  // A 400 that cannot be read may be a duplicate.
  const bool is_unreadable = result.status == 400 && !parse_json(result.body);
  if (is_unreadable || result.status == 500 || result.status == 502 || result.status == 504)
    fault.kind = VendorErrorKind::unknown_outcome;
  throw VendorError(std::move(fault));
}

HttpResult StripeUsageBilling::get(const std::string& path) {
  auto result = client_.send(request("GET", path));
  if (result.outcome != HttpOutcome::ok) throw VendorError(read_fault(result));
  return result;
}

std::int64_t StripeUsageBilling::reported(const std::string& customer_id, std::chrono::sys_seconds from,
                                          std::chrono::sys_seconds to) {
  const auto result = get("/v1/billing/meters/" + form_encoded(config_.meter_id) + "/event_summaries?customer=" +
                          form_encoded(customer_id) + "&start_time=" + unix_text(from) + "&end_time=" + unix_text(to));
  const auto answer = parse_json(result.body);
  const auto* data = answer ? member(*answer, {"data"}) : nullptr;
  if (data == nullptr || !data->is_array())
    throw_bad_answer(VendorErrorKind::retry, result.status, "the event summaries are not readable");
  const auto* has_more = member(*answer, {"has_more"});
  if (has_more != nullptr && has_more->is_bool() && has_more->get_bool())
    throw_bad_answer(VendorErrorKind::permanent, result.status, "one window has more than one page of summaries");
  std::int64_t sum = 0;
  for (const auto& summary : data->get_array()) sum += whole(member(summary, {"aggregated_value"}), result.status);
  return sum;
}

MeterErrorReport StripeUsageBilling::error_report(const std::string& event_id) {
  const auto result = get("/v2/core/events/" + form_encoded(event_id));
  const auto event = parse_json(result.body);
  if (!event || member(*event, {"data"}) == nullptr)
    throw_bad_answer(VendorErrorKind::retry, result.status, "the event is not readable");
  MeterErrorReport report;
  report.summary = string_member(*event, {"data", "developer_message_summary"});
  report.error_count = integer_member(*event, {"data", "reason", "error_count"});
  for (const auto& type : list(member(*event, {"data", "reason", "error_types"})))
    for (const auto& sample : list(member(type, {"sample_errors"})))
      report.samples.push_back(read_sample(sample, string_member(type, {"code"})));
  return report;
}

}  // namespace platform::vendors
