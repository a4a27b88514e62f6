#include <activities/object_key.hpp>

#include <chrono>

#include <fmt/format.h>

namespace platform {
namespace {

bool is_plain(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

/// Injective: two ids never share an encoding.
std::string encoded(const std::string& id, char escape) {
  std::string out;
  for (const unsigned char c : id) {
    if (is_plain(c) && c != static_cast<unsigned char>(escape))
      out += static_cast<char>(c);
    else
      out += fmt::format("{}{:02X}", escape, c);
  }
  return out;
}

}  // namespace

std::string recording_object_key(const CallKey& call) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(call.created_at));
  return fmt::format("/{}/{:04}/{:02}/{}.wav", call.organization_id.to_string(), static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), encoded(call.call_id, '%'));
}

std::string call_message_id(const CallKey& call) { return "call-completed-" + encoded(call.call_id, '_'); }

}  // namespace platform
