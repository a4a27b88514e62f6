#include <holdfast/core/scheduled_by.hpp>

#include <stdexcept>

#include <holdfast/core/failure_json.hpp>
#include <holdfast/core/json_reader.hpp>

namespace holdfast {

std::optional<ScheduledBy> decode_scheduled_by(std::string_view json) {
  if (json.empty()) return std::nullopt;
  ScheduledBy out;
  JsonReader in(json);
  in.object([&](std::string_view key) {
    if (key == "schedule_id") {
      out.schedule_id = in.string();
    } else if (key == "scheduled_at") {
      try {
        out.scheduled_at = parse_rfc3339(in.string());
      } catch (const std::invalid_argument& error) {
        throw HistoryError(error.what());
      }
    } else if (key == "last_result" && !in.null()) {
      out.last_result = in.raw();
    } else if (key == "last_failure" && !in.null()) {
      out.last_failure = read_failure(in);
    } else if (key != "last_result" && key != "last_failure") {
      in.skip();
    }
  });
  return out;
}

}  // namespace holdfast
