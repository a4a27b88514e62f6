#include <memory>

#include <holdfast/core/codec.hpp>
#include <holdfast/schedule/errors.hpp>
#include <holdfast/schedule/time_zone.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "json_object.hpp"
#include "schedule_arguments.hpp"
#include "session.hpp"
#include "words.hpp"

namespace wfctl {
namespace {

using holdfast::Timestamp;
using holdfast::client::ScheduleDescription;
using holdfast::store::ScheduleRow;
namespace schedule = holdfast::schedule;

Cell state_cell(const ScheduleRow& row) {
  if (!row.error.empty()) return {"invalid", Colour::red};
  if (row.paused) return {"paused", Colour::yellow};
  if (row.content.remaining_actions.value_or(1) == 0) return {"exhausted", Colour::grey};
  if (!row.next_at) return {"ended", Colour::grey};
  return {"active", Colour::green};
}

/// In one line, when it fires.
std::string spec_in_words(const schedule::ScheduleSpec& spec) {
  std::string out;
  const auto add = [&](const std::string& text) { out += (out.empty() ? "" : "; ") + text; };
  for (const auto& cron : spec.cron) add(cron);
  for (const auto& interval : spec.intervals)
    add("every " + interval.every + (interval.phase == "0s" ? "" : "/" + interval.phase));
  for (const auto& calendar : spec.calendars) add(holdfast::encode(calendar));
  if (out.empty()) out = "only when triggered";
  return spec.time_zone == "UTC" ? out : out + " (" + spec.time_zone + ")";
}

/// Of a row that may hold anything.
std::optional<schedule::ScheduleDefinition> definition_of(const ScheduleRow& row) {
  try {
    return schedule::parse_definition(row.content.definition);
  } catch (const schedule::SpecError&) {
    return std::nullopt;
  }
}

JsonObject row_members(const ScheduleRow& row) {
  const auto definition = definition_of(row);
  JsonObject json;
  json.text("schedule_id", row.key.schedule_id)
      .text("namespace", row.key.namespace_)
      .text("state", state_cell(row).text)
      .text("workflow_type", definition ? definition->workflow_type : "")
      .text("task_queue", definition ? definition->task_queue : "")
      .flag("paused", row.paused)
      .text("note", row.note)
      .text("error", row.error)
      .text("origin", row.origin)
      .time("next_look_at", row.next_at)
      .json("remaining_actions", row.content.remaining_actions ? std::to_string(*row.content.remaining_actions) : "")
      .number("version", row.version)
      .time("created_at", row.created_at)
      .time("updated_at", row.updated_at);
  return json;
}

int list(Session& session, const std::string& prefix, const std::string& origin, bool paused_only, int limit) {
  holdfast::store::ScheduleFilter filter;
  if (!prefix.empty()) filter.id_prefix = prefix;
  if (!origin.empty()) filter.origin = origin;
  if (paused_only) filter.paused = true;
  const auto schedules = schedules_of(session);
  const auto now = session.store().now();
  ListOutput output(session.out(), {"STATE", "SCHEDULE", "TYPE", "QUEUE", "NEXT", "WHEN", "NOTE"});
  for (int left = limit; left > 0;) {
    filter.limit = std::min(left, 1000);
    const auto page = schedules.list(filter);
    for (const auto& row : page) {
      const auto definition = definition_of(row);
      output.row({state_cell(row), row.key.schedule_id, definition ? definition->workflow_type : "",
                  definition ? definition->task_queue : "", row.next_at ? relative(*row.next_at, now) : "",
                  definition ? spec_in_words(definition->spec) : "", row.error.empty() ? row.note : row.error},
                 row_members(row).str(), row.key.schedule_id);
    }
    if (std::cmp_less(page.size(), filter.limit)) break;
    filter.after = page.back().key.schedule_id;
    left -= filter.limit;
  }
  output.finish("no schedules");
  return kOk;
}

std::string to_json(const ScheduleDescription& d) {
  std::vector<std::string> recent, next;
  for (const auto& [action, status] : d.recent)
    recent.push_back(JsonObject()
                         .time("scheduled_at", action.scheduled_at)
                         .time("started_at", action.started_at)
                         .text("workflow_id", action.workflow_id)
                         .text("run_id", action.run_id.to_string())
                         .text("status", to_string(status))
                         .str());
  for (const auto t : d.next_times) next.push_back("\"" + holdfast::to_rfc3339(t) + "\"");
  return row_members(d.row)
      .json("definition", d.row.content.definition)
      .json("input", d.row.content.input)
      .json("memo", d.row.content.memo)
      .json("search_attributes", d.row.content.search_attributes)
      .json("next_times", json_array(next))
      .json("recent_actions", json_array(recent))
      .texts("watched", d.row.watched)
      .number("buffered", static_cast<std::int64_t>(d.state.buffer.size()))
      .number("backfills", static_cast<std::int64_t>(d.state.backfills.size()))
      .number("pending_requests", d.pending_requests)
      .number("actions", d.state.actions)
      .number("missed_catch_up", d.state.missed_catch_up)
      .number("overlap_skipped", d.state.overlap_skipped)
      .number("buffer_dropped", d.state.buffer_dropped)
      .str();
}

std::string to_text(const ScheduleDescription& d, Timestamp now, const Output& out) {
  const auto& row = d.row;
  const Cell state = state_cell(row);
  Facts facts;
  facts.add("schedule", row.key.schedule_id);
  facts.add("state", state.text, state.colour);
  facts.add("note", row.note);
  facts.add("error", row.error, Colour::red);
  facts.add("when", spec_in_words(d.definition.spec));
  facts.add("starts", d.definition.workflow_type + " on " + d.definition.task_queue);
  facts.add("overlap", boost::describe::enum_to_string(d.definition.overlap, ""));
  facts.add("catch-up", std::string(boost::describe::enum_to_string(d.definition.catch_up, "")) + ", within " +
                            d.definition.catch_up_window);
  if (row.content.remaining_actions) facts.add("remaining", std::to_string(*row.content.remaining_actions));
  facts.add("input", row.content.input);
  facts.add("origin", row.origin);
  facts.add("version", std::to_string(row.version));
  facts.add("counted", counted(d.state.actions, "run") + " started, " + std::to_string(d.state.missed_catch_up) +
                           " missed, " + std::to_string(d.state.overlap_skipped) + " skipped for overlap, " +
                           std::to_string(d.state.buffer_dropped) + " dropped from a full buffer");
  if (!d.state.buffer.empty()) facts.add("waiting", counted(std::ssize(d.state.buffer), "start"));
  if (d.pending_requests > 0)
    facts.add("requests", std::to_string(d.pending_requests) + " that no worker has seen yet");
  for (std::size_t i = 0; i < d.next_times.size(); ++i)
    facts.add(i == 0 ? "next" : "", short_time(d.next_times[i]) + " UTC (" + relative(d.next_times[i], now) + ")");
  for (std::size_t i = d.recent.size(); i-- > 0;)
    facts.add(i + 1 == d.recent.size() ? "recent" : "", short_time(d.recent[i].action.scheduled_at) + " UTC  " +
                                                            std::string(to_string(d.recent[i].status)) + "  " +
                                                            d.recent[i].action.workflow_id);
  return facts.text(out);
}

struct NextOptions {
  std::string id, after, hash_id = "schedule";
  int count = 10;
  SpecOptions spec;
};

/// With an id, the stored schedule is asked; without one, no server is needed.
int next(Session& session, const NextOptions& options) {
  auto now = std::chrono::floor<holdfast::Duration>(std::chrono::system_clock::now());
  schedule::ScheduleDefinition definition;
  std::string id = options.hash_id;
  if (!options.id.empty()) {
    definition = schedules_of(session).describe(options.id).definition;
    now = session.store().now();
    id = options.id;
  }
  try {
    options.spec.apply(definition.spec);
  } catch (const schedule::SpecError& error) {
    throw holdfast::store::InvalidArgument(error.what());
  }
  const Timestamp after = options.after.empty() ? now : parse_when("--after", options.after, now);
  const auto times = holdfast::client::next_times(definition, id, after, options.count);
  const schedule::TimeZone zone("--time-zone", definition.spec.time_zone);
  ListOutput output(session.out(), {"UTC", definition.spec.time_zone, "IN"});
  for (const auto t : times) {
    const auto local = zone.local(std::chrono::floor<std::chrono::seconds>(t));
    const std::string wall = short_time(Timestamp(local.time_since_epoch()));
    const std::string utc = holdfast::to_rfc3339(t);
    output.row({short_time(t), wall, relative(t, now)}, JsonObject().time("time", t).text("local", wall).str(), utc);
  }
  output.finish("it never fires by itself");
  return kOk;
}

}  // namespace

void add_schedule_views(CLI::App& parent, Chosen& chosen) {
  struct ListOptions {
    std::string prefix, origin;
    bool paused = false;
    int limit = 1000;
  };
  auto options = std::make_shared<ListOptions>();
  auto* command = parent.add_subcommand("list", "List schedules by id");
  command->add_option("--id-prefix", options->prefix, "Only ids that begin so");
  command->add_option("--origin", options->origin, "Only those that this configuration declares");
  command->add_flag("--paused", options->paused, "Only paused ones");
  command->add_option("--limit", options->limit, "At most this many")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000'000));
  command->footer("Example:\n  wfctl schedule list --paused -o ids | wfctl schedule resume -");
  chosen.on(*command, [options](Session& session) {
    return list(session, options->prefix, options->origin, options->paused, options->limit);
  });

  auto id = std::make_shared<std::string>();
  command = parent.add_subcommand("describe", "Show one schedule, its next times and its last runs");
  command->add_option("id", *id, "Schedule id")->required();
  command->footer("Example:\n  wfctl schedule describe nightly");
  chosen.on(*command, [id](Session& session) {
    const auto description = schedules_of(session).describe(*id);
    session.out().object(to_json(description), *id, to_text(description, session.store().now(), session.out()));
    return kOk;
  });

  auto next_options = std::make_shared<NextOptions>();
  command = parent.add_subcommand("next", "Print the next times of a spec (needs no server), or of a schedule");
  command->add_option("id", next_options->id, "Schedule id; without it the options alone say when");
  command->add_option("--count", next_options->count, "How many")->capture_default_str()->check(CLI::Range(1, 100'000));
  command->add_option("--after", next_options->after, "After this time: RFC 3339, or a length of time ago");
  command->add_option("--jitter-id", next_options->hash_id,
                      "The id that the jitter is computed from, without a server");
  next_options->spec.add_to(*command);
  command->footer(
      "Example:\n  wfctl schedule next --cron '30 2 * * *' --time-zone Europe/Berlin --after 2026-03-27T00:00:00Z");
  chosen.on(*command, [next_options](Session& session) { return next(session, *next_options); });
}

}  // namespace wfctl
