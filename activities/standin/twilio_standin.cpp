#include <activities/standin/twilio_standin.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>

namespace platform::standin {
namespace {

namespace json = boost::json;

Reply refusal(int status, int code, std::string_view message) {
  return json_reply(status, json::object{{"code", code},
                                         {"message", message},
                                         {"more_info", fmt::format("https://www.twilio.com/docs/errors/{}", code)},
                                         {"status", status}});
}

std::string rfc2822(std::time_t time) { return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000", fmt::gmtime(time)); }

bool is_e164(std::string_view number) {
  return number.size() >= 9 && number.size() <= 16 && number[0] == '+' &&
         number.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

/// Twilio counts characters, not bytes.
std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (const unsigned char c : text) count += (c & 0xC0) != 0x80;
  return count;
}

std::size_t number_or(const Fields& fields, std::string_view name, std::size_t otherwise) {
  const auto text = field(fields, name);
  std::size_t value = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::optional<Reply> refuse_recipient(const std::string& to) {
  if (to.empty()) return refusal(400, 21604, "A 'To' phone number is required.");
  if (!is_e164(to) || to == "+15005550001") {
    return refusal(400, 21211, "The 'To' number " + to + " is not a valid phone number.");
  }
  if (to == "+15005550004") return refusal(400, 21610, "Attempt to send to unsubscribed recipient");
  if (to == "+15005550009") return refusal(400, 21614, "'To' number is not a valid mobile number");
  return std::nullopt;
}

}  // namespace

std::optional<Reply> TwilioStandin::handle(const Request& request) {
  if (!request.path.starts_with("/2010-04-01/")) return std::nullopt;
  if (!is_signed_in(request)) return refusal(401, 20003, "Authenticate");
  if (request.path != "/2010-04-01/Accounts/" + keys_.twilio_account + "/Messages.json") {
    return refusal(404, 20404, "The requested resource " + request.path + " was not found");
  }
  if (request.method == "POST") return send(request);
  if (request.method == "GET") return list(request);
  return refusal(405, 20004, "Method not allowed");
}

bool TwilioStandin::is_signed_in(const Request& request) const {
  const auto credentials = basic_credentials(request);
  return credentials && credentials->second == keys_.twilio_token &&
         (credentials->first == keys_.twilio_account || credentials->first.starts_with("SK"));
}

Reply TwilioStandin::send(const Request& request) {
  if (media_type(request) != "application/x-www-form-urlencoded") {
    return refusal(415, 20415, "Content-Type must be application/x-www-form-urlencoded");
  }
  const auto form = parse_form(request.body);
  Message message{.sid = {},
                  .to = field(form, "To"),
                  .from = field(form, "From"),
                  .service = field(form, "MessagingServiceSid"),
                  .body = field(form, "Body"),
                  .created = std::time(nullptr)};
  if (auto refused = refuse_recipient(message.to)) return *std::move(refused);
  if (message.from.empty() && message.service.empty()) return refusal(400, 21603, "A 'From' phone number is required.");
  if (message.body.empty()) return refusal(400, 21602, "Message body is required.");
  if (characters(message.body) > 1600) {
    return refusal(400, 21617, "The concatenated message body exceeds the 1600 character limit");
  }
  const std::lock_guard lock(mutex_);
  message.sid = fmt::format("SM{:032x}", messages_.size() + 1);
  messages_.push_back(message);
  effects_.happened("twilio");
  return json_reply(201, to_json(message));
}

Reply TwilioStandin::list(const Request& request) const {
  const auto to = field(request.query, "To");
  const auto from = field(request.query, "From");
  const auto sent_since = field(request.query, "DateSent>");
  const auto page_size = std::clamp<std::size_t>(number_or(request.query, "PageSize", 50), 1, 1000);
  const auto page = number_or(request.query, "Page", 0);

  const std::lock_guard lock(mutex_);
  json::array page_of_messages;
  std::size_t matching = 0;
  for (auto message = messages_.rbegin(); message != messages_.rend(); ++message) {
    if (!to.empty() && message->to != to) continue;
    if (!from.empty() && message->from != from) continue;
    if (!sent_since.empty() && fmt::format("{:%Y-%m-%d}", fmt::gmtime(message->created)) < sent_since) continue;
    if (matching >= page * page_size && page_of_messages.size() < page_size)
      page_of_messages.push_back(to_json(*message));
    ++matching;
  }
  json::value next;
  if (matching > (page + 1) * page_size) {
    const auto plus = [](std::string text) { return text.starts_with('+') ? "%2B" + text.substr(1) : text; };
    next = fmt::format("{}?To={}&From={}&PageSize={}&Page={}", request.path, plus(to), plus(from), page_size, page + 1);
  }
  return json_reply(200, json::object{{"messages", std::move(page_of_messages)},
                                      {"page", page},
                                      {"page_size", page_size},
                                      {"next_page_uri", std::move(next)}});
}

json::object TwilioStandin::to_json(const Message& message) const {
  const auto created = rfc2822(message.created);
  json::value service;
  if (!message.service.empty()) service = message.service;
  return {{"sid", message.sid},
          {"account_sid", keys_.twilio_account},
          {"status", "queued"},
          {"to", message.to},
          {"from", message.from},
          {"messaging_service_sid", std::move(service)},
          {"body", message.body},
          {"num_segments", "1"},
          {"num_media", "0"},
          {"direction", "outbound-api"},
          {"date_created", created},
          {"date_updated", created},
          {"date_sent", nullptr},
          {"error_code", nullptr},
          {"error_message", nullptr},
          {"price", nullptr},
          {"price_unit", nullptr},
          {"api_version", "2010-04-01"},
          {"uri", fmt::format("/2010-04-01/Accounts/{}/Messages/{}.json", keys_.twilio_account, message.sid)}};
}

}  // namespace platform::standin
