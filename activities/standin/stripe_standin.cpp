#include <activities/standin/stripe_standin.hpp>

#include <boost/json/serialize.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <stdexcept>

namespace platform::standin {
namespace {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kOldest = 35 * kDay;
constexpr std::int64_t kNewest = 5 * 60;
constexpr std::string_view kMeters = "/v1/billing/meters/";
constexpr std::string_view kSummaries = "/event_summaries";
constexpr std::string_view kCoreEvents = "/v2/core/events/";

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

std::optional<Reply> refuse_event(const Fields& form, std::int64_t timestamp, std::int64_t now) {
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
  if (timestamp < now - kOldest)
    return refusal(400, "timestamp_too_far_in_past", "timestamp must be within the past 35 days.");
  if (timestamp > now + kNewest)
    return refusal(400, "timestamp_in_future", "timestamp must be at most 5 minutes in the future.");
  return std::nullopt;
}

std::int64_t number(const json::object& object, std::string_view name, std::int64_t usual, std::int64_t most) {
  const auto* value = object.if_contains(name);
  if (value == nullptr) return usual;
  if (!value->is_int64() || value->get_int64() < 0 || value->get_int64() > most)
    throw std::invalid_argument(fmt::format("{}: {} is not allowed; use 0 to {}", name, json::serialize(*value), most));
  return value->get_int64();
}

bool flag(const json::object& object, std::string_view name, bool usual) {
  const auto* value = object.if_contains(name);
  if (value == nullptr) return usual;
  if (!value->is_bool())
    throw std::invalid_argument(fmt::format("{}: {} is not allowed; use true or false", name, json::serialize(*value)));
  return value->get_bool();
}

/// What Stripe posts: the event without its data.
json::object thin(json::object event) {
  event.erase("data");
  return event;
}

}  // namespace

StripeBehaviour parse_stripe_behaviour(const json::object& object) {
  constexpr std::array<std::string_view, 4> kNames{"latency_ms", "per_second", "stored_500", "refuse_duplicates"};
  for (const auto& [name, value] : object)
    if (std::ranges::find(kNames, std::string_view(name)) == kNames.end())
      throw std::invalid_argument(fmt::format(
          "{}: is not known; use latency_ms, per_second, stored_500 or refuse_duplicates", std::string_view(name)));
  const StripeBehaviour usual;
  return {.latency = std::chrono::milliseconds(number(object, "latency_ms", usual.latency.count(), 60'000)),
          .per_second = static_cast<int>(number(object, "per_second", usual.per_second, 1'000'000)),
          .stored_500 = static_cast<int>(number(object, "stored_500", usual.stored_500, 1'000'000)),
          .refuse_duplicates = flag(object, "refuse_duplicates", usual.refuse_duplicates)};
}

std::int64_t StripeStandin::now() const { return static_cast<std::int64_t>(std::time(nullptr)) + skipped_; }

bool StripeStandin::is_signed_in(const Request& request) const {
  const auto basic = basic_credentials(request);
  return bearer(request) == keys_.stripe || (basic && basic->first == keys_.stripe);
}

std::optional<Reply> StripeStandin::handle(const Request& request) {
  const bool is_event = request.path == "/v1/billing/meter_events";
  const bool is_summary = request.path.starts_with(kMeters) && request.path.ends_with(kSummaries);
  const bool is_core_event = request.path.starts_with(kCoreEvents);
  if (!is_event && !is_summary && !is_core_event) return std::nullopt;
  if (!is_signed_in(request)) return refusal(401, "api_key_invalid", "Invalid API Key provided");
  if (request.method != (is_event ? "POST" : "GET")) return refusal(404, "url_invalid", "Unrecognized request URL");
  const std::lock_guard lock(mutex_);
  if (auto refused = too_fast()) return refused;
  return is_event ? meter_event(request) : is_summary ? summaries(request) : core_event(request);
}

std::optional<Reply> StripeStandin::too_fast() {
  const auto time = Clock::now();
  while (!recent_.empty() && recent_.front() < time - std::chrono::seconds(1)) recent_.pop_front();
  if (static_cast<int>(recent_.size()) >= behaviour_.per_second)
    return refusal(429, "rate_limit", "Too many requests", "rate_limit_error");
  recent_.push_back(time);
  return std::nullopt;
}

Reply StripeStandin::meter_event(const Request& request) {
  if (media_type(request) != "application/x-www-form-urlencoded")
    return refusal(400, "parameter_invalid", "Use application/x-www-form-urlencoded");
  const std::string key(request.headers.find("Idempotency-Key").value_or(""));
  if (key.size() > 255) return refusal(400, "parameter_invalid", "The idempotency key has more than 255 characters");
  const auto known = by_key_.find(key);
  if (!key.empty() && known != by_key_.end() && known->second.at > now() - kDay) {
    if (known->second.body != request.body)
      return refusal(400, "idempotency_error", "Keys for idempotent requests can only be used with the same parameters",
                     "idempotency_error");
    if (Clock::now() < known->second.busy_until)
      return refusal(409, "idempotency_key_in_use", "Another request with this key is in progress",
                     "idempotency_error");
    return known->second.reply;
  }
  const auto form = parse_form(request.body);
  const auto customer = field(form, "payload[stripe_customer_id]");
  const auto busy_until = Clock::now() + behaviour_.latency;
  if (const auto busy = busy_customers_.find(customer); busy != busy_customers_.end() && Clock::now() < busy->second)
    return refusal(429, "lock_timeout", "This customer's meter is being written by another request");
  auto reply = behaviour_.stored_500 > 0 ? refusal(500, "", "An unknown error occurred", "api_error") : record(form);
  if (reply.status == 500) --behaviour_.stored_500;
  if (reply.status != 400) {  // refused parameters are neither stored nor worked on
    reply.delay = behaviour_.latency;
    busy_customers_[customer] = busy_until;
    if (!key.empty()) by_key_[key] = {request.body, reply, now(), busy_until};
  }
  return reply;
}

Reply StripeStandin::record(const Fields& form) {
  const auto given_time = field(form, "timestamp");
  const auto timestamp = given_time.empty() ? now() : whole_number(given_time).value_or(0);
  if (auto refused = refuse_event(form, timestamp, now())) return *std::move(refused);
  auto identifier = field(form, "identifier");
  if (identifier.empty()) identifier = fmt::format("standin-{}", events_.size() + 1);
  const auto used = identifiers_.find(identifier);
  const bool is_duplicate = used != identifiers_.end() && used->second > now() - kDay;
  if (is_duplicate && behaviour_.refuse_duplicates)
    return refusal(400, "resource_already_exists", "An event already exists with this identifier: " + identifier);
  const auto customer = field(form, "payload[stripe_customer_id]");
  if (!is_duplicate) {
    identifiers_[identifier] = now();
    events_.push_back({identifier, customer, *whole_number(field(form, "payload[value]")), timestamp});
    if (customer.starts_with(kUnknownCustomer)) {
      events_.back().counts = false;
      add_error(identifier, "meter_event_customer_not_found");
    } else {
      effects_.happened("stripe");
    }
  }
  return json_reply(200, json::object{{"object", "billing.meter_event"},
                                      {"created", now()},
                                      {"event_name", field(form, "event_name")},
                                      {"identifier", identifier},
                                      {"livemode", false},
                                      {"payload", json::object{{"stripe_customer_id", customer},
                                                               {"value", field(form, "payload[value]")}}},
                                      {"timestamp", timestamp}});
}

Reply StripeStandin::summaries(const Request& request) const {
  const auto id = request.path.substr(kMeters.size(), request.path.size() - kMeters.size() - kSummaries.size());
  if (id != kMeter) return refusal(404, "resource_missing", "No such billing meter: '" + id + "'");
  const auto customer = field(request.query, "customer");
  const auto start = whole_number(field(request.query, "start_time"));
  const auto end = whole_number(field(request.query, "end_time"));
  if (customer.empty() || !start || !end)
    return refusal(400, "parameter_missing", "Required are customer, start_time and end_time.");
  if (*start % 60 != 0 || *end % 60 != 0 || *start >= *end)
    return refusal(400, "parameter_invalid", "start_time and end_time must be aligned with minute boundaries.");
  std::int64_t sum = 0;
  bool any = false;
  for (const auto& event : events_) {
    if (!event.counts || event.customer != customer || event.timestamp < *start || event.timestamp >= *end) continue;
    sum += event.value;
    any = true;
  }
  json::array data;
  if (any)
    data.push_back(json::object{{"id", fmt::format("mtrusg_{}_{}", customer, *start)},
                                {"object", "billing.meter_event_summary"},
                                {"aggregated_value", static_cast<double>(sum)},
                                {"start_time", *start},
                                {"end_time", *end},
                                {"livemode", false},
                                {"meter", kMeter}});
  return json_reply(200, json::object{{"object", "list"}, {"data", data}, {"has_more", false}, {"url", request.path}});
}

Reply StripeStandin::core_event(const Request& request) const {
  if (!request.headers.find("Stripe-Version")) return refusal(400, "parameter_missing", "Stripe-Version is required");
  const auto id = request.path.substr(kCoreEvents.size());
  for (const auto& event : errors_)
    if (event.at("id").as_string() == id) return json_reply(200, event);
  return refusal(404, "not_found", "No such event: '" + id + "'");
}

json::object StripeStandin::add_error(const std::string& identifier, const std::string& code) {
  const auto time = fmt::format("{:%Y-%m-%dT%H:%M:%S.000Z}", fmt::gmtime(static_cast<std::time_t>(now())));
  const json::object sample{{"error_message", "The meter event was rejected: " + code},
                            {"request", json::object{{"identifier", identifier}}}};
  const json::object type{{"code", code}, {"error_count", 1}, {"sample_errors", json::array{sample}}};
  errors_.push_back(
      {{"id", fmt::format("evt_standin_{}", errors_.size() + 1)},
       {"object", "v2.core.event"},
       {"type", "v1.billing.meter.error_report_triggered"},
       {"livemode", false},
       {"created", time},
       {"related_object",
        json::object{{"id", kMeter}, {"type", "billing.meter"}, {"url", std::string(kMeters) + std::string(kMeter)}}},
       {"data", json::object{{"developer_message_summary", "There is 1 invalid event"},
                             {"validation_start", time},
                             {"validation_end", time},
                             {"reason", json::object{{"error_count", 1}, {"error_types", json::array{type}}}}}}});
  return thin(errors_.back());
}

void StripeStandin::configure(StripeBehaviour behaviour) {
  const std::lock_guard lock(mutex_);
  behaviour_ = behaviour;
}

void StripeStandin::skip(std::chrono::seconds time) {
  const std::lock_guard lock(mutex_);
  skipped_ += time.count();
}

json::object StripeStandin::reject(const std::string& identifier, const std::string& code) {
  const std::lock_guard lock(mutex_);
  for (auto& event : events_)
    if (event.identifier == identifier) event.counts = false;
  return add_error(identifier, code);
}

json::array StripeStandin::thin_events() const {
  const std::lock_guard lock(mutex_);
  json::array out;
  for (const auto& event : errors_) out.push_back(thin(event));
  return out;
}

std::map<std::string, std::int64_t> StripeStandin::totals() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::int64_t> out;
  for (const auto& event : events_)
    if (event.counts) out[event.customer] += event.value;
  return out;
}

std::int64_t StripeStandin::total(const std::string& customer) const {
  const auto all = totals();
  const auto found = all.find(customer);
  return found == all.end() ? 0 : found->second;
}

}  // namespace platform::standin
