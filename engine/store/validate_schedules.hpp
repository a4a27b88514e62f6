#pragma once

#include <holdfast/store/schedule_store.hpp>

/// What both stores check before they touch anything (see validate.hpp). Each throws InvalidArgument.
namespace holdfast::store {

void validate(const ScheduleKey& key);
void validate(const ScheduleContent& content);
void validate(const NewSchedule& schedule);
void validate(const ScheduleFilter& filter);
void validate_note(std::string_view note);
/// A JSON object that jsonb accepts.
void validate_request(std::string_view request);

}  // namespace holdfast::store
