#include <activities/vendors/twilio_sms_sender.hpp>

#include <activities/vendors/json_reader.hpp>
#include <activities/vendors/text.hpp>
#include <activities/vendors/twilio_request.hpp>

#include <curl/curl.h>

namespace platform::vendors {
namespace {

constexpr int kPageSize = 1000;  // the most that Twilio gives
constexpr int kMostPages = 10;
constexpr std::chrono::seconds kClockSkew{60};  // between our clock and Twilio's

bool is_messaging_service(std::string_view from) { return from.starts_with("MG"); }

/// A success without a readable answer: the message exists, but we do not know its id.
[[noreturn]] void throw_bad_answer(VendorErrorKind kind, int status, std::string what) {
  throw VendorError(
      {.kind = kind, .vendor = "twilio", .status = status, .code = "bad_answer", .message = std::move(what)});
}

bool was_created_since(const boost::json::value& entry, std::chrono::sys_seconds since) {
  const std::string created(string_member(entry, {"date_created"}));
  const auto time = curl_getdate(created.c_str(), nullptr);
  return time < 0 || time >= (since - kClockSkew).time_since_epoch().count();
}

struct PageSearch {
  std::optional<SentMessage> found;
  bool reached_older = false;
};

/// The list is ordered newest first, so the first entry that is too old ends the search.
PageSearch search_page(const boost::json::array& entries, const SmsMessage& message, std::chrono::sys_seconds since) {
  for (const auto& entry : entries) {
    if (!was_created_since(entry, since)) return {.found = {}, .reached_older = true};
    const auto status = string_member(entry, {"status"});
    const bool never_went_out = status == "failed" || status == "canceled";
    if (!never_went_out && string_member(entry, {"to"}) == message.to &&
        string_member(entry, {"body"}) == message.body) {
      return {.found = SentMessage{std::string(string_member(entry, {"sid"}))}};
    }
  }
  return {};
}

}  // namespace

TwilioSmsSender::TwilioSmsSender(HttpClient& client, TwilioConfig config)
    : client_(client), config_(std::move(config)) {}

SentMessage TwilioSmsSender::send(const SmsMessage& message) {
  check_sms(message);
  const std::string sender = is_messaging_service(config_.from) ? "MessagingServiceSid" : "From";
  auto form = "To=" + form_encoded(message.to) + "&" + sender + "=" + form_encoded(config_.from) +
              "&Body=" + form_encoded(message.body);
  if (!config_.status_callback.empty()) form += "&StatusCallback=" + form_encoded(config_.status_callback);
  const auto result = client_.send(twilio_form(config_, "/Messages.json", std::move(form)));
  if (result.outcome != HttpOutcome::ok) throw VendorError(twilio_effect_fault(result));
  const auto answer = parse_json(result.body);
  const auto sid = answer ? string_member(*answer, {"sid"}) : std::string_view();
  if (sid.empty()) {
    throw_bad_answer(VendorErrorKind::unknown_outcome, result.status, "the answer has no message sid");
  }
  return {std::string(sid)};
}

std::optional<SentMessage> TwilioSmsSender::find_sent(const SmsMessage& message, std::chrono::sys_seconds since) {
  // Twilio also filters by DateSent, but a message that is still queued has none and must be found as well.
  auto path = "/Messages.json?To=" + form_encoded(message.to) + "&PageSize=" + std::to_string(kPageSize);
  if (!is_messaging_service(config_.from)) path += "&From=" + form_encoded(config_.from);
  auto get = twilio_request(config_, "GET", path);
  for (int page = 0; page < kMostPages; ++page) {
    auto result = client_.send(get);
    if (result.outcome != HttpOutcome::ok) throw VendorError(twilio_fault(result));
    const auto answer = parse_json(result.body);
    const auto* entries = answer ? member(*answer, {"messages"}) : nullptr;
    if (entries == nullptr || !entries->is_array()) {
      throw_bad_answer(VendorErrorKind::retry, result.status, "the list of messages is not readable");
    }
    auto search = search_page(entries->get_array(), message, since);
    if (search.found) return std::move(search.found);
    const std::string next(string_member(*answer, {"next_page_uri"}));
    if (search.reached_older || next.empty()) return std::nullopt;
    get.url = joined_url(config_.base_url, next);
  }
  // Sending again without having seen everything could send twice.
  throw_bad_answer(
      VendorErrorKind::permanent, 200,
      "more than " + std::to_string(kPageSize * kMostPages) + " messages to one number: the search was given up");
}

}  // namespace platform::vendors
