#include <holdfast/store/validate_schedules.hpp>

#include <holdfast/store/validate.hpp>

namespace holdfast::store {
namespace {

constexpr std::size_t kMaxScheduleIdBytes = 900;  // a workflow id is this and a time

void require_object(std::string_view field, std::string_view json) {
  if (json.empty()) throw InvalidArgument(std::string(field) + " is empty; allowed: a JSON object");
  validate_object(field, json);
}

}  // namespace

void validate(const ScheduleKey& key) {
  validate_name("namespace", key.namespace_);
  validate_name("schedule_id", key.schedule_id, kMaxScheduleIdBytes);
}

void validate(const ScheduleContent& content) {
  require_object("definition", content.definition);
  validate_payload("input", content.input);
  validate_properties(content.memo, content.search_attributes);
  if (content.remaining_actions && *content.remaining_actions < 0) {
    throw InvalidArgument("remaining_actions is " + std::to_string(*content.remaining_actions) +
                          "; allowed: 0 or more");
  }
}

void validate(const NewSchedule& schedule) {
  validate(schedule.key);
  validate(schedule.content);
  validate_note(schedule.note);
  validate_text("origin", schedule.origin, kMaxNameBytes);
}

void validate(const ScheduleFilter& filter) {
  validate_name("namespace", filter.namespace_);
  if (filter.id_prefix) validate_text("schedule_id prefix", *filter.id_prefix, kMaxScheduleIdBytes);
  if (filter.origin) validate_text("origin", *filter.origin, kMaxNameBytes);
  validate_text("after", filter.after, kMaxScheduleIdBytes);
  if (filter.limit < 1 || filter.limit > 1000)
    throw InvalidArgument("limit is " + std::to_string(filter.limit) + "; allowed: 1 to 1000");
}

void validate_note(std::string_view note) { validate_text("note", note, kMaxReasonBytes); }

void validate_request(std::string_view request) { require_object("request", request); }

}  // namespace holdfast::store
