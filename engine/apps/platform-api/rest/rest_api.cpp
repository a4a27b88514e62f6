#include <rest/rest_api.hpp>

#include <boost/json.hpp>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <pqxx/except>

#include <holdfast/http/signature/hash.hpp>
#include <rest/api_error.hpp>
#include <rest/resources.hpp>

namespace platform::rest {

using namespace holdfast::http;

namespace {

constexpr Statement kAuthenticate{"rest_authenticate", R"(
SELECT k.organization_id, k.key_id, 'read' = ANY (k.scopes), 'write' = ANY (k.scopes), k.status,
       set_config('app.organization_id', k.organization_id::text, true), set_config('timezone', 'UTC', true)
FROM platform.authenticate_api_key(decode($1, 'hex')) k)"};

constexpr Statement kWithoutTenant{"rest_without_tenant", "SELECT set_config('timezone', 'UTC', true)"};

// At most once a minute, so that a busy key does not write its row all the time.
constexpr Statement kUsed{"rest_key_used", R"(
UPDATE platform.api_keys SET last_used_at = now()
WHERE id = $1::uuid AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute'))"};

std::string hash_of(std::string_view key) { return hex_encode(digest(HashAlgorithm::sha256, key)); }

/// The secret of `Authorization: Bearer <secret>`; empty if there is none.
std::string_view bearer(const HttpRequest& request) {
  const auto header = request.headers.find("Authorization").value_or("");
  const auto space = std::min(header.find(' '), header.size());
  if (!equal_ignoring_case(header.substr(0, space), "Bearer")) return {};
  return trimmed(header.substr(space));
}

HttpResponse unauthorized(const std::string& why) {
  auto out = json_error(401, why);
  out.headers.add("WWW-Authenticate", "Bearer");
  return out;
}

struct Unauthorized : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct TooManyRequests {
  std::chrono::milliseconds wait;
};

HttpResponse later(int status, const std::string& message, std::chrono::milliseconds wait) {
  auto out = json_error(status, message);
  out.headers.add("Retry-After", std::to_string((wait.count() + 999) / 1000));
  return out;
}

/// What the database refuses although the edge let it pass: a conflict or a bad value, never a server error.
HttpResponse refused_by_database(const pqxx::sql_error& error) {
  const auto& state = error.sqlstate();
  std::string message = error.what();
  message = message.substr(0, message.find('\n'));
  if (message.starts_with("ERROR:")) message = std::string(trimmed(std::string_view(message).substr(6)));
  if (state == "23505") return json_error(409, message);
  if (state.starts_with("22")) return json_error(400, message);
  throw;
}

}  // namespace

std::string Call::uuid(const std::string& name, std::string_view what) const {
  try {
    return holdfast::Uuid::parse(path.at(name)).to_string();
  } catch (const std::invalid_argument&) {
    throw not_found(what);
  }
}

RestApi::RestApi(RestOptions options, holdfast::client::Client client)
    : options_(std::move(options)),
      client_(std::move(client)),
      limiter_(options_.requests_per_second),
      sessions_(options_.database, options_.connections, options_.patience) {
  add_organizations(router_);
  add_integrations(router_, options_);
  add_deliveries(router_);
  add_redeliveries(router_);
  add_usage(router_);
  add_billing(router_);
  add_patterns(router_);
  add_interactions(router_);
  add_search(router_, *options_.embedder);
  add_onboarding(router_, options_);
}

HttpResponse RestApi::answer(const Request& request) {
  const auto start = std::chrono::steady_clock::now();
  auto out = respond(request);
  latency_.observe(std::chrono::steady_clock::now() - start);
  ++by_status_[static_cast<std::size_t>(out.status)];
  return out;
}

HttpResponse RestApi::respond(const Request& request) {
  try {
    const auto match = router_.find(request.method, request.path);
    if (match.route != nullptr) return run(match, request);
    if (match.allowed.empty()) return json_error(404, "there is nothing at this path");
    auto out = json_error(405, "use " + match.allowed);
    out.headers.add("Allow", match.allowed);
    return out;
  } catch (const ApiError& error) {
    return error.response();
  } catch (const Unauthorized& error) {
    return unauthorized(error.what());
  } catch (const TooManyRequests& error) {
    return later(429, "too many requests with this key", error.wait);
  } catch (const ingress::Unavailable& error) {
    spdlog::warn("answered 503: {}", error.what());
    return later(503, "the database is not available, try again", std::chrono::seconds(1));
  } catch (const pqxx::sql_error& error) {
    return refused_by_database(error);
  }
}

HttpResponse RestApi::run(const Match& match, const Request& request) {
  const auto& route = *match.route;
  if (route.access == Access::operators) check_operator(request);
  limit(request, route.access);
  HttpResponse out;
  std::string wake;
  sessions_.with([&](ingress::DatabaseSession& session) {
    session.transaction([&](pqxx::work& tx) {
      Call call{.http = request,
                .path = match.path,
                .query = Query(request.query),
                .tx = tx,
                .sql_runner = {options_.database.prepared}};
      authenticate(call, route.access);
      out = route.handler(call);
      wake = call.wake;
    });
  });
  if (!wake.empty()) client_.wake(wake);
  return out;
}

void RestApi::authenticate(Call& call, Access access) const {
  if (access == Access::operators || access == Access::everybody) {
    call.sql(kWithoutTenant);
    return;
  }
  const auto key = bearer(call.http);
  if (key.empty()) throw Unauthorized("send an API key as 'Authorization: Bearer hf_...'");
  const auto rows = call.sql(kAuthenticate, hash_of(key));
  const std::string status = rows.empty() ? "deleted" : rows[0][4].c_str();
  if (status == "deleted") throw Unauthorized("this API key is unknown, revoked or expired");
  if (status != "active") throw ApiError(403, "the organization is " + status);
  if (!rows[0][access == Access::read ? 2 : 3].as<bool>())
    throw ApiError(403, std::string("this API key has no scope '") + (access == Access::read ? "read'" : "write'"));
  call.organization = holdfast::Uuid::parse(rows[0][0].c_str());
  call.sql(kUsed, rows[0][1].c_str());
}

void RestApi::check_operator(const Request& request) const {
  const auto key = bearer(request);
  if (options_.operator_key.empty()) throw ApiError(403, "this API has no operator key (HOLDFAST_API_OPERATOR_KEY)");
  // Hashes have one length, so the comparison says nothing about the key's.
  if (key.empty() || !equal_in_constant_time(hash_of(key), hash_of(options_.operator_key)))
    throw Unauthorized("this needs the operator's key");
}

void RestApi::limit(const Request& request, Access access) {
  // Requests without a key share one allowance: nobody can be told apart.
  const auto key = access == Access::everybody ? std::string() : hash_of(bearer(request));
  if (const auto wait = limiter_.take(key); wait.count() > 0) throw TooManyRequests{wait};
}

void RestApi::add_metrics(MetricsText& text) const {
  for (std::size_t status = 0; status < by_status_.size(); ++status) {
    const auto count = by_status_[status].load(std::memory_order_relaxed);
    if (count == 0) continue;
    const auto label = fmt::to_string(status);
    text.counter("holdfast_api_requests_total", "REST requests answered, by HTTP status.", count, {{"status", label}});
  }
  text.histogram("holdfast_api_request_seconds", "Time from REST request to answer.", latency_);
}

}  // namespace platform::rest
