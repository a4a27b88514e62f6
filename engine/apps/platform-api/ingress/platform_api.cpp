#include <ingress/platform_api.hpp>

#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <holdfast/http/signature/stripe_signature.hpp>
#include <ingress/oauth_tokens.hpp>

namespace platform::ingress {

using namespace holdfast::http;

namespace {

constexpr std::string_view kWebhooks = "/webhooks/vapi/";
constexpr std::string_view kOauth = "/oauth/vapi/";
constexpr std::string_view kToken = "/token";
constexpr std::string_view kStripe = "/webhooks/stripe";

std::chrono::sys_seconds now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

HttpResponse not_allowed(std::string_view allowed) {
  auto out = json_error(405, "use " + std::string(allowed));
  out.headers.add("Allow", std::string(allowed));
  return out;
}

HttpResponse unauthorized(const std::string& why) {
  auto out = json_error(401, why);
  out.headers.add("WWW-Authenticate", "Bearer");
  return out;
}

/// Said once a second at most: while the database is away, every request ends here.
void log_unavailable(std::string why) {
  static std::atomic<std::int64_t> last = 0;
  const auto second = now().time_since_epoch().count();
  if (last.exchange(second, std::memory_order_relaxed) == second) return;
  std::ranges::replace(why, '\n', ' ');
  spdlog::warn("answered 503: {}", why);
}

HttpResponse unavailable(const std::string& why) {
  log_unavailable(why);
  auto out = json_error(503, "the database is not available, try again");
  out.headers.add("Retry-After", "1");
  return out;
}

/// Any credential may vouch for the request; the last one's reason is told otherwise.
SignatureCheck verify(const Organization& organization, const HttpRequest& request) {
  SignatureCheck check{SignatureVerdict::missing_header, "this organization has no usable VAPI credential"};
  for (const auto& credential : organization.vapi.credentials) {
    check = credential.is_oauth2()
                ? verify_access_token(organization.id, credential, request.headers, now())
                : verify_vapi(credential.authentication,
                              {request.method, credential.url, request.headers, request.body}, now());
    if (check) break;
  }
  return check;
}

}  // namespace

PlatformApi::PlatformApi(PlatformApiOptions options, holdfast::client::Client client)
    : options_(std::move(options)),
      directory_(options_.database, options_.remember_organizations),
      writer_(options_.database, options_.connections, client),
      stripe_events_(options_.database, std::move(client)),
      callbacks_(options_.database, options_.callbacks, options_.timeout) {}

HttpResponse PlatformApi::answer(const Request& request) {
  try {
    return route(request);
  } catch (const Unavailable& error) {
    return unavailable(error.what());
  } catch (const UnknownOrganization& error) {
    return json_error(404, error.what());
  }
}

HttpResponse PlatformApi::route(const Request& request) {
  const std::string_view path = request.path;
  const bool get = request.method == "GET" || request.method == "HEAD";
  if (path.starts_with(kWebhooks)) {
    const auto start = std::chrono::steady_clock::now();
    auto out = webhook(request, path.substr(kWebhooks.size()));
    counters_.latency.observe(std::chrono::steady_clock::now() - start);
    ++counters_.by_status[static_cast<std::size_t>(out.status)];
    return out;
  }
  if (path.starts_with(kOauth) && path.ends_with(kToken) && path.size() > kOauth.size() + kToken.size())
    return token(request, path.substr(kOauth.size(), path.size() - kOauth.size() - kToken.size()));
  if (path == kStripe) return stripe(request);
  if (path == "/webhooks/twilio") return callbacks_.twilio(request);
  if (path == "/webhooks/resend") return callbacks_.resend(request);
  if (path == "/healthz") return get ? HttpResponse{.body = R"({"status":"ok"})"} : not_allowed("GET");
  if (path == "/readyz") return get ? ready() : not_allowed("GET");
  if (path == "/metrics") return get ? metrics() : not_allowed("GET");
  return json_error(404, "there is nothing at this path");
}

HttpResponse PlatformApi::ready() {
  directory_.ping(std::chrono::seconds(1));
  return {.body = R"({"status":"ready"})"};
}

std::shared_ptr<const Organization> PlatformApi::organization(std::string_view id) {
  holdfast::Uuid uuid;
  try {
    uuid = holdfast::Uuid::parse(id);
  } catch (const std::invalid_argument&) {
    throw UnknownOrganization("the path does not name an organization by its id");
  }
  if (uuid.is_nil()) throw UnknownOrganization("there is no such organization");
  auto found = directory_.find(uuid, options_.timeout);
  if (!found) throw UnknownOrganization("there is no such organization");
  return found;
}

HttpResponse PlatformApi::webhook(const Request& request, std::string_view id) {
  if (request.method != "POST") return not_allowed("POST");
  try {
    const auto found = organization(id);
    if (const auto check = verify(*found, request); !check) return unauthorized(check.reason);
    return file(*found, request);
  } catch (const BadMessage& error) {
    return json_error(400, error.what());
  } catch (const Unavailable& error) {
    return unavailable(error.what());
  } catch (const UnknownOrganization& error) {
    return json_error(404, error.what());
  }
}

HttpResponse PlatformApi::file(const Organization& organization, const Request& request) {
  auto message = parse_vapi_message(request.body);
  const auto filed = writer_.file({organization.id, message, request.body}, options_.timeout);
  ++(filed.is_new ? counters_.stored : counters_.duplicates);
  if (filed.started) ++counters_.started;
  return {.body = answer_to(message, organization.assistant_for(message.phone_number), organization.vapi.tool_result,
                            filed.is_new)};
}

HttpResponse PlatformApi::token(const Request& request, std::string_view id) {
  if (request.method != "POST") return not_allowed("POST");
  return issue_token(*organization(id), request, now());
}

HttpResponse PlatformApi::stripe(const Request& request) {
  if (options_.stripe_secrets.empty()) return json_error(404, "no Stripe webhook secret is configured");
  if (request.method != "POST") return not_allowed("POST");
  if (const auto check = verify_stripe(options_.stripe_secrets, request.headers, request.body, now()); !check)
    return unauthorized(check.reason);
  try {
    const bool is_new = stripe_events_.file(parse_stripe_event(request.body), options_.timeout);
    return {.body = is_new ? R"({"status":"stored"})" : R"({"status":"duplicate"})"};
  } catch (const BadMessage& error) {
    return json_error(400, error.what());
  }
}

HttpResponse PlatformApi::metrics() const {
  MetricsText text;
  for (std::size_t status = 0; status < counters_.by_status.size(); ++status) {
    const auto count = counters_.by_status[status].load(std::memory_order_relaxed);
    if (count == 0) continue;
    const auto label = fmt::to_string(status);
    text.counter("holdfast_api_webhooks_total", "Webhooks answered, by HTTP status.", count, {{"status", label}});
  }
  text.counter("holdfast_api_events_stored_total", "New events stored.", counters_.stored);
  text.counter("holdfast_api_events_duplicate_total", "Repeated deliveries.", counters_.duplicates);
  text.counter("holdfast_api_runs_started_total", "Runs started.", counters_.started);
  text.counter("holdfast_api_commits_total", "Transactions that filed events.", writer_.commits());
  text.counter("holdfast_api_events_committed_total", "Events in those transactions.", writer_.events());
  text.histogram("holdfast_api_webhook_seconds", "Time from request to answer.", counters_.latency);
  if (options_.more_metrics) options_.more_metrics(text);
  return {.body = text.take(), .content_type = std::string(kMetricsContentType)};
}

}  // namespace platform::ingress
