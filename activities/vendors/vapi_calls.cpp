#include <activities/vendors/vapi_calls.hpp>

#include <activities/vendors/json_reader.hpp>
#include <activities/vendors/text.hpp>
#include <activities/vendors/vendor_error.hpp>

#include <boost/json/serialize.hpp>

namespace platform::vendors {

std::vector<VapiCall> HttpVapiCalls::updated_between(const std::string& after, const std::string& before, int limit) {
  HttpRequest get{.method = "GET",
                  .url = joined_url(config_.base_url, "/call?updatedAtGt=" + form_encoded(after) + "&updatedAtLe=" +
                                                          form_encoded(before) + "&limit=" + std::to_string(limit)),
                  .deadline = config_.deadline,
                  .max_response_bytes = 64 << 20,
                  .repeatable = true};
  get.headers.add("Authorization", "Bearer " + config_.api_key);
  const auto result = client_.send(get);
  if (result.outcome != HttpOutcome::ok) {
    auto fault = fault_of("vapi", result);
    const auto body = parse_json(result.body);
    if (const auto message = body ? string_member(*body, {"message"}) : std::string_view(); !message.empty()) {
      fault.message = message;
    }
    throw VendorError(std::move(fault));
  }
  const auto answer = parse_json(result.body);
  if (!answer || !answer->is_array()) {
    throw VendorError({.kind = VendorErrorKind::retry,
                       .vendor = "vapi",
                       .status = result.status,
                       .code = "bad_answer",
                       .message = "the list of calls is not a JSON array"});
  }
  std::vector<VapiCall> calls;
  for (const auto& entry : answer->get_array()) {
    const auto id = string_member(entry, {"id"});
    if (id.empty()) continue;
    calls.push_back({.id = std::string(id),
                     .status = std::string(string_member(entry, {"status"})),
                     .updated_at = std::string(string_member(entry, {"updatedAt"})),
                     .json = boost::json::serialize(entry)});
  }
  return calls;
}

}  // namespace platform::vendors
