#include <activities/standin/webhook_receiver.hpp>

#include <holdfast/http/signature/standard_webhooks.hpp>

#include <algorithm>
#include <stdexcept>

namespace platform::standin {
namespace {

namespace json = boost::json;
using namespace holdfast::http;

constexpr std::string_view kPrefix = "/hooks/";

std::string header(const Request& request, std::string_view name) {
  return std::string(request.headers.find(name).value_or(""));
}

std::string verdict_on(const Request& request, const std::vector<std::string>& secrets) {
  if (secrets.empty()) return "unverified";
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return std::string(name_of(verify_webhook(secrets, request.headers, request.body, now).verdict));
}

std::vector<std::string> strings(const json::value& value) {
  std::vector<std::string> out;
  if (!value.is_array()) throw std::invalid_argument("secrets: must be a list of strings");
  for (const auto& entry : value.get_array()) {
    if (!entry.is_string()) throw std::invalid_argument("secrets: must be a list of strings");
    webhook_key(entry.get_string());  // throws for a secret that cannot be used
    out.emplace_back(entry.get_string());
  }
  return out;
}

int number(const json::value& value, std::string_view name) {
  if (!value.is_int64() || value.get_int64() < -1 || value.get_int64() > 600'000) {
    throw std::invalid_argument(std::string(name) + ": must be a whole number from -1 to 600000");
  }
  return static_cast<int>(value.get_int64());
}

std::string text(const json::value& value, std::string_view name) {
  if (!value.is_string()) throw std::invalid_argument(std::string(name) + ": must be a string");
  return std::string(value.get_string());
}

}  // namespace

std::optional<Reply> WebhookReceiver::handle(const Request& request) {
  if (!request.path.starts_with(kPrefix)) return std::nullopt;
  if (request.method != "POST") return json_reply(405, json::object{{"error", "use POST"}});
  const std::lock_guard lock(mutex_);
  const auto name = request.path.substr(kPrefix.size());
  auto& endpoint = endpoints_[name];
  auto& behaviour = endpoint.behaviour;
  HookDelivery delivery{.id = header(request, "webhook-id"),
                        .timestamp = header(request, "webhook-timestamp"),
                        .verdict = verdict_on(request, behaviour.secrets),
                        .body = request.body};
  const bool trusted = delivery.verdict == "valid" || delivery.verdict == "unverified";
  Reply reply{.status = 200, .body = behaviour.body, .headers = {}, .delay = behaviour.delay};
  if (!trusted) {
    reply = json_reply(401, json::object{{"error", delivery.verdict}});
  } else if (behaviour.times != 0) {
    if (behaviour.times > 0) --behaviour.times;
    reply.status = behaviour.status;
    if (!behaviour.retry_after.empty()) reply.headers.add("Retry-After", behaviour.retry_after);
  }
  delivery.status = reply.status;
  const auto accepted = [&](const HookDelivery& d) { return d.id == delivery.id && d.status >= 200 && d.status < 300; };
  delivery.repeated = std::ranges::any_of(endpoint.deliveries, accepted);
  if (accepted(delivery) && !delivery.repeated) effects_.happened("hook:" + name);
  endpoint.deliveries.push_back(std::move(delivery));
  return reply;
}

void WebhookReceiver::configure(const std::string& name, HookBehaviour behaviour) {
  const std::lock_guard lock(mutex_);
  endpoints_[name].behaviour = std::move(behaviour);
}

std::vector<HookDelivery> WebhookReceiver::deliveries(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = endpoints_.find(name);
  return found == endpoints_.end() ? std::vector<HookDelivery>() : found->second.deliveries;
}

void WebhookReceiver::clear() {
  const std::lock_guard lock(mutex_);
  endpoints_.clear();
}

HookBehaviour parse_hook_behaviour(const json::object& json) {
  HookBehaviour out;
  for (const auto& [name, value] : json) {
    if (name == "secrets")
      out.secrets = strings(value);
    else if (name == "status")
      out.status = number(value, "status");
    else if (name == "times")
      out.times = number(value, "times");
    else if (name == "retry_after")
      out.retry_after = text(value, "retry_after");
    else if (name == "body")
      out.body = text(value, "body");
    else if (name == "delay_ms")
      out.delay = std::chrono::milliseconds{std::max(0, number(value, "delay_ms"))};
    else
      throw std::invalid_argument(std::string(name) +
                                  ": unknown field; allowed are secrets, status, times, "
                                  "retry_after, body, delay_ms");
  }
  if (out.status < 200 || out.status > 599) throw std::invalid_argument("status: must be from 200 to 599");
  return out;
}

json::object to_json(const HookDelivery& delivery) {
  return {{"id", delivery.id},     {"timestamp", delivery.timestamp}, {"verdict", delivery.verdict},
          {"body", delivery.body}, {"status", delivery.status},       {"repeated", delivery.repeated}};
}

}  // namespace platform::standin
