#include <activities/standin/twilio_numbers_standin.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace platform::standin {
namespace {

namespace json = boost::json;

constexpr std::string_view kAvailable = "/AvailablePhoneNumbers/", kIncoming = "/IncomingPhoneNumbers";

Reply refusal(int status, int code, std::string_view message) {
  return json_reply(status, json::object{{"code", code},
                                         {"message", message},
                                         {"more_info", fmt::format("https://www.twilio.com/docs/errors/{}", code)},
                                         {"status", status}});
}

}  // namespace

std::optional<Reply> TwilioNumbersStandin::handle(const Request& request) {
  const auto account = "/2010-04-01/Accounts/" + keys_.twilio_account;
  if (!request.path.starts_with(account)) return std::nullopt;
  const auto path = std::string_view(request.path).substr(account.size());
  if (!path.starts_with(kAvailable) && !path.starts_with(kIncoming)) return std::nullopt;
  const auto credentials = basic_credentials(request);
  if (!credentials || credentials->second != keys_.twilio_token) return refusal(401, 20003, "Authenticate");
  if (path.starts_with(kAvailable) && path.ends_with("/Local.json") && request.method == "GET")
    return available(request, std::string(path.substr(kAvailable.size(), 2)));
  if (path == "/IncomingPhoneNumbers.json" && request.method == "POST") return rent(request);
  if (path == "/IncomingPhoneNumbers.json" && request.method == "GET") return list(request);
  if (path.starts_with("/IncomingPhoneNumbers/") && path.ends_with(".json") && request.method == "DELETE")
    return release(std::string(path.substr(kIncoming.size() + 1, path.size() - kIncoming.size() - 6)));
  return refusal(405, 20004, "Method not allowed");
}

std::size_t TwilioNumbersStandin::rented() const {
  const std::lock_guard lock(mutex_);
  return rented_.size();
}

std::string TwilioNumbersStandin::next_number() const { return fmt::format("+1415555{:04}", 1000 + made_); }

Reply TwilioNumbersStandin::available(const Request&, const std::string& country) const {
  const std::lock_guard lock(mutex_);
  json::array numbers;
  if (country != "AQ") numbers.push_back(json::object{{"phone_number", next_number()}, {"iso_country", country}});
  return json_reply(200, json::object{{"available_phone_numbers", std::move(numbers)}});
}

Reply TwilioNumbersStandin::rent(const Request& request) {
  if (media_type(request) != "application/x-www-form-urlencoded")
    return refusal(415, 20415, "Content-Type must be application/x-www-form-urlencoded");
  const auto form = parse_form(request.body);
  const auto number = field(form, "PhoneNumber"), name = field(form, "FriendlyName");
  if (number.empty()) return refusal(400, 21451, "PhoneNumber or AreaCode is required");
  if (name.size() > 64) return refusal(400, 21423, "FriendlyName is too long");
  const std::lock_guard lock(mutex_);
  if (number != next_number()) return refusal(400, 21422, "PhoneNumber is not available");
  ++made_;
  rented_.push_back({fmt::format("PN{:032x}", made_), number, name});
  effects_.happened("twilio-number");
  return json_reply(201, to_json(rented_.back()));
}

Reply TwilioNumbersStandin::list(const Request& request) const {
  const auto name = field(request.query, "FriendlyName");
  const std::lock_guard lock(mutex_);
  json::array out;
  for (const auto& number : rented_)
    if (name.empty() || number.friendly_name == name) out.push_back(to_json(number));
  return json_reply(200, json::object{{"incoming_phone_numbers", std::move(out)}, {"next_page_uri", nullptr}});
}

Reply TwilioNumbersStandin::release(const std::string& sid) {
  const std::lock_guard lock(mutex_);
  if (std::erase_if(rented_, [&](const Number& number) { return number.sid == sid; }) == 0)
    return refusal(404, 20404, "The requested resource was not found");
  effects_.happened("twilio-number-released");
  return {.status = 204, .body = {}};
}

json::object TwilioNumbersStandin::to_json(const Number& number) const {
  return {{"sid", number.sid},
          {"account_sid", keys_.twilio_account},
          {"phone_number", number.number},
          {"friendly_name", number.friendly_name},
          {"status", "in-use"}};
}

}  // namespace platform::standin
