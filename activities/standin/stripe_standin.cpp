#include <activities/standin/stripe_standin.hpp>

#include <fmt/format.h>

#include <charconv>
#include <ctime>

namespace platform::standin {
namespace {

namespace json = boost::json;

constexpr std::int64_t kOldest = 35 * 86'400;
constexpr std::int64_t kNewest = 5 * 60;

Reply refusal(int status, std::string_view code, std::string_view message,
              std::string_view type = "invalid_request_error") {
  return json_reply(status,
                    json::object{{"error", json::object{{"type", type}, {"code", code}, {"message", message}}}});
}

std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Reply> refuse_event(const Fields& form, std::int64_t timestamp) {
  const auto name = field(form, "event_name");
  if (name.empty() || name.size() > 100)
    return refusal(400, "parameter_missing", "Missing required param: event_name.");
  if (field(form, "payload[stripe_customer_id]").empty()) {
    return refusal(400, "parameter_missing", "Missing required param: payload[stripe_customer_id].");
  }
  if (!whole_number(field(form, "payload[value]"))) {
    return refusal(400, "parameter_invalid", "payload[value] must be a whole number.");
  }
  if (field(form, "identifier").size() > 100) return refusal(400, "parameter_invalid", "identifier is too long.");
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  if (timestamp < now - kOldest || timestamp > now + kNewest) {
    return refusal(400, "timestamp_out_of_range", "timestamp must be within the past 35 days and 5 minutes ahead.");
  }
  return std::nullopt;
}

}  // namespace

bool StripeStandin::is_signed_in(const Request& request) const {
  const auto basic = basic_credentials(request);
  return bearer(request) == keys_.stripe || (basic && basic->first == keys_.stripe);
}

std::optional<Reply> StripeStandin::handle(const Request& request) {
  if (request.path != "/v1/billing/meter_events") return std::nullopt;
  if (!is_signed_in(request)) return refusal(401, "api_key_invalid", "Invalid API Key provided");
  if (request.method != "POST") return refusal(404, "url_invalid", "Unrecognized request URL");
  if (media_type(request) != "application/x-www-form-urlencoded") {
    return refusal(400, "parameter_invalid", "Use application/x-www-form-urlencoded");
  }
  const std::string key(request.headers.find("Idempotency-Key").value_or(""));
  const std::lock_guard lock(mutex_);
  if (const auto known = by_key_.find(key); !key.empty() && known != by_key_.end()) {
    if (known->second.body == request.body) return known->second.reply;
    return refusal(400, "idempotency_error", "Keys for idempotent requests can only be used with the same parameters",
                   "idempotency_error");
  }
  auto reply = record(parse_form(request.body));
  if (!key.empty() && reply.status == 200) by_key_[key] = {request.body, reply};  // refused parameters are not stored
  return reply;
}

Reply StripeStandin::record(const Fields& form) {
  const auto given_time = field(form, "timestamp");
  const auto timestamp = given_time.empty() ? std::time(nullptr) : whole_number(given_time).value_or(0);
  if (auto refused = refuse_event(form, timestamp)) return *std::move(refused);
  auto identifier = field(form, "identifier");
  if (identifier.empty()) identifier = fmt::format("standin-{}", identifiers_.size() + 1);
  if (!identifiers_.insert(identifier).second) {
    return refusal(400, "resource_already_exists", "An event already exists with this identifier: " + identifier);
  }
  effects_.happened("stripe");
  return json_reply(
      200, json::object{{"object", "billing.meter_event"},
                        {"created", static_cast<std::int64_t>(std::time(nullptr))},
                        {"event_name", field(form, "event_name")},
                        {"identifier", identifier},
                        {"livemode", false},
                        {"payload", json::object{{"stripe_customer_id", field(form, "payload[stripe_customer_id]")},
                                                 {"value", field(form, "payload[value]")}}},
                        {"timestamp", timestamp}});
}

}  // namespace platform::standin
