#pragma once

#include <pqxx/result>

#include <holdfast/store/postgres/statement.hpp>
#include <holdfast/store/schedule_store.hpp>

namespace holdfast::store::postgres {

/// Columns of `holdfast.schedules s` that read_schedule() reads, from the first one on.
#define HOLDFAST_SCHEDULE_COLUMNS \
  "s.namespace, s.schedule_id, s.definition, s.input, s.memo, s.search_attributes, s.remaining_actions, s.state, " \
  "s.requests, s.watched, s.paused, s.note, s.origin, s.error, s.version, " HOLDFAST_MICROS("s.created_at") ", "   \
      HOLDFAST_MICROS("s.updated_at") ", " HOLDFAST_MICROS("s.since") ", CASE WHEN isfinite(s.next_at) THEN "      \
      HOLDFAST_MICROS("s.next_at") " END, s.waiting"

ScheduleRow read_schedule(const pqxx::row& row);

/// A JSON array of texts.
std::string to_json(const std::vector<std::string>& texts);

}  // namespace holdfast::store::postgres
