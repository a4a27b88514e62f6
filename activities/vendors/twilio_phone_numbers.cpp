#include <activities/vendors/twilio_phone_numbers.hpp>

#include <activities/vendors/json_reader.hpp>
#include <activities/vendors/text.hpp>
#include <activities/vendors/twilio_request.hpp>

namespace platform::vendors {
namespace {

std::string friendly_name(const std::string& organization_id) { return "holdfast:" + organization_id; }

[[noreturn]] void refuse(VendorErrorKind kind, int status, std::string code, std::string message) {
  throw VendorError(
      {.kind = kind, .vendor = "twilio", .status = status, .code = std::move(code), .message = std::move(message)});
}

PhoneNumber read_number(const boost::json::value& entry) {
  return {std::string(string_member(entry, {"phone_number"})), std::string(string_member(entry, {"sid"}))};
}

bool is_country(const std::string& country) {
  return country.size() == 2 && country.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos;
}

}  // namespace

std::string TwilioPhoneNumbers::available(const std::string& country) {
  const auto result = client_.send(twilio_request(
      config_, "GET",
      "/AvailablePhoneNumbers/" + country + "/Local.json?VoiceEnabled=true&SmsEnabled=true&PageSize=20"));
  if (result.outcome != HttpOutcome::ok) throw VendorError(twilio_fault(result));
  const auto answer = parse_json(result.body);
  const auto* list = answer ? member(*answer, {"available_phone_numbers"}) : nullptr;
  if (list == nullptr || !list->is_array())
    refuse(VendorErrorKind::retry, result.status, "bad_answer", "the list of free numbers is not readable");
  if (list->get_array().empty())
    refuse(VendorErrorKind::permanent, result.status, "no_numbers", "there is no free number in " + country);
  return std::string(string_member(list->get_array().front(), {"phone_number"}));
}

PhoneNumber TwilioPhoneNumbers::provision(const std::string& organization_id, const std::string& country) {
  if (!is_country(country))
    refuse(VendorErrorKind::permanent, 0, "invalid_country",
           "country: '" + country + "' is not two capital letters like US");
  const auto number = available(country);
  const auto result = client_.send(twilio_form(
      config_, "/IncomingPhoneNumbers.json",
      "PhoneNumber=" + form_encoded(number) + "&FriendlyName=" + form_encoded(friendly_name(organization_id))));
  if (result.outcome != HttpOutcome::ok) {
    auto fault = twilio_effect_fault(result);
    // Somebody else took it between the two requests: the next attempt asks for another.
    if (fault.code == "21422") fault.kind = VendorErrorKind::retry;
    throw VendorError(std::move(fault));
  }
  const auto answer = parse_json(result.body);
  auto rented = answer ? read_number(*answer) : PhoneNumber{};
  if (rented.number.empty() || rented.id.empty())
    refuse(VendorErrorKind::unknown_outcome, result.status, "bad_answer", "the answer has no number or sid");
  return rented;
}

std::vector<PhoneNumber> TwilioPhoneNumbers::find(const std::string& organization_id) {
  const auto name = friendly_name(organization_id);
  const auto result = client_.send(
      twilio_request(config_, "GET", "/IncomingPhoneNumbers.json?FriendlyName=" + form_encoded(name) + "&PageSize=50"));
  if (result.outcome != HttpOutcome::ok) throw VendorError(twilio_fault(result));
  const auto answer = parse_json(result.body);
  const auto* list = answer ? member(*answer, {"incoming_phone_numbers"}) : nullptr;
  if (list == nullptr || !list->is_array())
    refuse(VendorErrorKind::retry, result.status, "bad_answer", "the list of rented numbers is not readable");
  std::vector<PhoneNumber> out;
  for (const auto& entry : list->get_array())
    if (string_member(entry, {"friendly_name"}) == name) out.push_back(read_number(entry));
  return out;
}

void TwilioPhoneNumbers::release(const std::string& id) {
  auto request = twilio_request(config_, "DELETE", "/IncomingPhoneNumbers/" + form_encoded(id) + ".json");
  request.repeatable = true;
  const auto result = client_.send(request);
  if (result.outcome != HttpOutcome::ok && result.status != 404) throw VendorError(twilio_fault(result));
}

}  // namespace platform::vendors
