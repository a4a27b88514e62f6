#include <ingress/vendor_callbacks.hpp>

#include <algorithm>

#include <boost/json.hpp>

#include <activities/vendors/json_reader.hpp>
#include <activities/vendors/text.hpp>
#include <holdfast/http/signature/hash.hpp>
#include <holdfast/http/signature/standard_webhooks.hpp>
#include <holdfast/http/signature/twilio_signature.hpp>

namespace platform::ingress {

using namespace holdfast::http;

namespace {

namespace postgres = holdfast::store::postgres;

constexpr std::size_t kLongestName = 200;
constexpr std::string_view kTwilioStopped = "21610";  // the recipient sent STOP

constexpr Statement kReceive{"platform_receive_vendor_callback", R"(
SELECT platform.receive_vendor_callback($1, $2, $3, $4, $5, $6::boolean, $7))"};

std::chrono::sys_seconds now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = text[i] == '%' && i + 2 < text.size() ? hex_decode(text.substr(i + 1, 2)) : std::nullopt;
    if (byte) {
      out += *byte;
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

FormFields form_of(std::string_view body) {
  FormFields out;
  while (!body.empty()) {
    const auto end = std::min(body.find('&'), body.size());
    const auto entry = body.substr(0, end);
    const auto equals = std::min(entry.find('='), entry.size());
    if (!entry.empty())
      out.emplace_back(percent_decoded(entry.substr(0, equals)),
                       percent_decoded(entry.substr(std::min(equals + 1, entry.size()))));
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return out;
}

std::string field_of(const FormFields& fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, [](const auto& field) { return std::string_view(field.first); });
  return found == fields.end() ? std::string() : found->second;
}

/// 1 to 200 bytes that the database takes.
std::string checked(const char* field, std::string text) {
  if (text.empty() || text.size() > kLongestName || vendors::text_prefix(text, text.size()) != text)
    throw BadMessage(std::string(field) + " is '" + vendors::text_prefix(text, 50) +
                     "'; allowed: 1 to 200 bytes of UTF-8 without NUL");
  return text;
}

HttpResponse refused(const SignatureCheck& check) {
  auto out = json_error(401, check.reason);
  out.headers.add("WWW-Authenticate", "Signature");
  return out;
}

HttpResponse not_allowed() {
  auto out = json_error(405, "use POST");
  out.headers.add("Allow", "POST");
  return out;
}

}  // namespace

VendorCallback parse_twilio_callback(std::string_view body) {
  const auto form = form_of(body);
  VendorCallback out{.vendor = "twilio",
                     .event_id = {},
                     .message_id = checked("MessageSid", field_of(form, "MessageSid")),
                     .status = checked("MessageStatus", field_of(form, "MessageStatus")),
                     .error = vendors::text_prefix(field_of(form, "ErrorCode"), kLongestName),
                     .body = std::string(body)};
  out.event_id = out.message_id.substr(0, 150) + "/" + out.status.substr(0, 100);
  out.suppresses = out.error == kTwilioStopped;
  return out;
}

VendorCallback parse_resend_event(std::string_view svix_id, std::string_view body) {
  const auto event = vendors::parse_json(body);
  if (!event || !event->is_object()) throw BadMessage("the body is not a JSON object");
  const auto type = checked("type", std::string(vendors::string_member(*event, {"type"})));
  VendorCallback out{
      .vendor = "resend",
      .event_id = checked("svix-id", std::string(svix_id)),
      .message_id = vendors::text_prefix(vendors::string_member(*event, {"data", "email_id"}), kLongestName),
      .status = type.starts_with("email.") ? type.substr(6) : type,
      .error = vendors::text_prefix(vendors::string_member(*event, {"data", "bounce", "message"}), 500),
      .body = std::string(body)};
  out.suppresses =
      type == "email.complained" ||
      (type == "email.bounced" && vendors::string_member(*event, {"data", "bounce", "type"}) == "Permanent");
  return out;
}

VendorCallbacks::VendorCallbacks(const DatabaseOptions& database, CallbackSecrets secrets,
                                 std::chrono::milliseconds timeout)
    : secrets_(std::move(secrets)),
      timeout_(timeout),
      session_(database),
      threads_(
          {.threads = 1}, [](const VendorCallback& callback) { return callback.body.size() + 1000; },
          [this](std::size_t, auto& jobs) {
            for (auto& job : jobs) job.out.set_value(commit(job.in));
          }) {}

HttpResponse VendorCallbacks::twilio(const HttpRequest& request) {
  if (secrets_.twilio_tokens.empty() || secrets_.public_url.empty())
    return json_error(404, "no Twilio auth token, or no public URL, is configured");
  if (request.method != "POST") return not_allowed();
  const auto url = secrets_.public_url + request.path + (request.query.empty() ? "" : "?" + request.query);
  if (const auto check = verify_twilio_form(secrets_.twilio_tokens, request.headers, url, form_of(request.body));
      !check)
    return refused(check);
  try {
    return file(parse_twilio_callback(request.body));
  } catch (const BadMessage& error) {
    return json_error(400, error.what());
  }
}

HttpResponse VendorCallbacks::resend(const HttpRequest& request) {
  if (secrets_.resend_secrets.empty()) return json_error(404, "no Resend webhook secret is configured");
  if (request.method != "POST") return not_allowed();
  if (const auto check = verify_webhook(secrets_.resend_secrets, request.headers, request.body, now(),
                                        kSignatureTolerance, WebhookHeaderNames::svix());
      !check)
    return refused(check);
  try {
    return file(parse_resend_event(request.headers.find("svix-id").value_or(""), request.body));
  } catch (const BadMessage& error) {
    return json_error(400, error.what());
  }
}

HttpResponse VendorCallbacks::file(VendorCallback callback) {
  auto result = threads_.submit(std::move(callback));
  if (result.wait_for(timeout_) != std::future_status::ready) throw Unavailable("the database did not answer in time");
  return {.body = result.get() ? R"({"status":"stored"})" : R"({"status":"duplicate"})"};
}

bool VendorCallbacks::commit(const VendorCallback& callback) {
  bool is_new = false;
  session_.transaction([&](pqxx::work& tx) {
    postgres::Parameters parameters;
    for (const auto* text :
         {&callback.vendor, &callback.event_id, &callback.message_id, &callback.status, &callback.error})
      parameters.push_back(postgres::text_parameter(*text));
    parameters.push_back(postgres::bool_parameter(callback.suppresses));
    parameters.push_back(postgres::text_parameter(vendors::text_prefix(callback.body, callback.body.size())));
    is_new = session_.run(tx, kReceive, parameters)[0][0].as<bool>();
  });
  return is_new;
}

}  // namespace platform::ingress
