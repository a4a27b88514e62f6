#include <activities/standin/vapi_standin.hpp>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace platform::standin {
namespace {

namespace json = boost::json;

Reply refusal(int status, std::string_view message, std::string_view error) {
  return json_reply(status, json::object{{"statusCode", status}, {"message", message}, {"error", error}});
}

std::string text(const json::object& call, std::string_view name) {
  const auto* value = call.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

/// RFC 3339 in UTC, made comparable as text: six digits of a second.
std::string comparable(std::string time) {
  if (time.ends_with('Z')) time.pop_back();
  if (time.size() == 19) time += '.';
  if (!time.empty()) time.resize(26, '0');
  return time;
}

}  // namespace

void VapiStandin::put(json::object call) {
  for (const auto* name : {"id", "updatedAt"}) {
    if (text(call, name).empty())
      throw std::invalid_argument(std::string(name) + ": must be a string that is not empty");
  }
  const std::lock_guard lock(mutex_);
  std::erase_if(calls_, [&](const json::object& known) { return text(known, "id") == text(call, "id"); });
  calls_.push_back(std::move(call));
}

void VapiStandin::clear() {
  const std::lock_guard lock(mutex_);
  calls_.clear();
}

std::optional<Reply> VapiStandin::handle(const Request& request) {
  if (request.path != "/call") return std::nullopt;
  if (bearer(request) != keys_.vapi)
    return refusal(401, "Invalid Key. Hot tip, you may be using the wrong key.", "Unauthorized");
  if (request.method != "GET") return refusal(404, "Cannot " + request.method + " /call", "Not Found");
  std::size_t limit = 100;
  if (const auto given = field(request.query, "limit"); !given.empty()) {
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), limit);
    if (error != std::errc{} || end != given.data() + given.size() || limit > 1000) {
      return refusal(400, "limit must be a number from 0 to 1000", "Bad Request");
    }
  }
  const auto after = comparable(field(request.query, "updatedAtGt"));
  const auto before = comparable(field(request.query, "updatedAtLe"));
  const std::lock_guard lock(mutex_);
  std::vector<json::object> found;
  std::ranges::copy_if(calls_, std::back_inserter(found), [&](const json::object& call) {
    const auto updated = comparable(text(call, "updatedAt"));
    return updated > after && (before.empty() || updated <= before);
  });
  std::ranges::sort(found, std::greater{}, [](const json::object& call) { return text(call, "updatedAt"); });
  json::array out;
  for (std::size_t i = 0; i < std::min(limit, found.size()); ++i) out.push_back(std::move(found[i]));
  return json_reply(200, out);
}

}  // namespace platform::standin
