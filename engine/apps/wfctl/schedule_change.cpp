#include <memory>

#include <holdfast/schedule/definition.hpp>
#include <holdfast/schedule/errors.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "json_object.hpp"
#include "schedule_arguments.hpp"
#include "session.hpp"
#include "words.hpp"

namespace wfctl {
namespace {

using holdfast::client::ScheduleRequest;
using holdfast::store::InvalidArgument;

void say(Session& session, const std::string& id, std::string_view outcome) {
  session.out().object(JsonObject().text("id", id).text("outcome", outcome).str(), id,
                       std::string(outcome) + "  " + printable(id) + "\n");
}

void add_create(CLI::App& parent, Chosen& chosen) {
  struct Options {
    std::string id, note;
    bool paused = false, trigger = false;
    DefinitionOptions definition;
  };
  auto options = std::make_shared<Options>();
  auto* command = parent.add_subcommand("create", "Create a schedule");
  command->add_option("id", options->id, "Schedule id")->required();
  options->definition.add_to(*command);
  command->add_flag("--paused", options->paused, "Create it paused");
  command->add_flag("--trigger", options->trigger, "Start one run at once as well");
  command->add_option("--note", options->note, "A note for people");
  command->footer(
      "Example:\n  wfctl schedule create nightly --type Report --cron '30 2 * * *' --time-zone Europe/Berlin");
  chosen.on(*command, [options](Session& session) {
    ScheduleRequest request;
    options->definition.apply(request);
    schedules_of(session).create(options->id, request,
                                 {.paused = options->paused, .note = options->note, .trigger = options->trigger});
    say(session, options->id, "created");
    return kOk;
  });
}

void add_update(CLI::App& parent, Chosen& chosen) {
  struct Options {
    std::string id;
    DefinitionOptions definition;
  };
  auto options = std::make_shared<Options>();
  auto* command = parent.add_subcommand("update", "Change what is given and leave the rest; a pause stays");
  command->add_option("id", options->id, "Schedule id")->required();
  options->definition.add_to(*command);
  command->footer("Example:\n  wfctl schedule update nightly --cron '30 3 * * *' --overlap buffer_one");
  chosen.on(*command, [options](Session& session) {
    const auto schedules = schedules_of(session);
    const auto there = schedules.describe(options->id);
    ScheduleRequest request{.definition = there.definition,
                            .input = there.row.content.input,
                            .memo = there.row.content.memo,
                            .search_attributes = there.row.content.search_attributes};
    options->definition.apply(request);
    schedules.update(options->id, request, there.row.version);
    say(session, options->id, "updated");
    return kOk;
  });
}

/// delete, pause, resume: several ids, one word.
void add_simple(CLI::App& parent, Chosen& chosen, const char* name, const char* what, const char* done, bool has_note,
                void (*act)(const holdfast::client::Schedules&, const std::string&, const std::string&)) {
  struct Options {
    std::vector<std::string> ids;
    std::string note;
  };
  auto options = std::make_shared<Options>();
  auto* command = parent.add_subcommand(name, what);
  command->add_option("id", options->ids, "Schedule id; - reads ids from standard input")->required();
  if (has_note) command->add_option("--note", options->note, "Why, for people");
  command->footer("Example:\n  wfctl schedule " + std::string(name) + " nightly");
  chosen.on(*command, [options, done, act](Session& session) {
    const auto schedules = schedules_of(session);
    return for_each_id_done(session, options->ids, done,
                            [&](const std::string& id) { act(schedules, id, options->note); });
  });
}

void add_trigger(CLI::App& parent, Chosen& chosen) {
  struct Options {
    std::string id, overlap;
  };
  auto options = std::make_shared<Options>();
  auto* command = parent.add_subcommand("trigger", "Start one run as soon as a worker looks, also while paused");
  command->add_option("id", options->id, "Schedule id")->required();
  add_overlap(*command, options->overlap);
  command->footer("Example:\n  wfctl schedule trigger nightly");
  chosen.on(*command, [options](Session& session) {
    const auto workflow_id = schedules_of(session).trigger(options->id, overlap_of(options->overlap));
    session.out().object(
        JsonObject().text("id", options->id).text("outcome", "triggered").text("workflow_id", workflow_id).str(),
        workflow_id, "triggered  " + printable(options->id) + "  workflow " + printable(workflow_id) + "\n");
    return kOk;
  });
}

void add_backfill(CLI::App& parent, Chosen& chosen) {
  struct Options {
    std::string id, from, to, overlap;
  };
  auto options = std::make_shared<Options>();
  auto* command = parent.add_subcommand("backfill", "Run the times of a range that has passed, both ends included");
  command->add_option("id", options->id, "Schedule id")->required();
  command->add_option("--from", options->from, "A time (RFC 3339), or a length of time ago (7d)")->required();
  command->add_option("--to", options->to, "Likewise (default: now)");
  add_overlap(*command, options->overlap);
  command->footer("Example:\n  wfctl schedule backfill nightly --from 7d --overlap buffer_all");
  chosen.on(*command, [options](Session& session) {
    const auto now = session.store().now();
    const auto from = parse_when("--from", options->from, now);
    const auto to = options->to.empty() ? now : parse_when("--to", options->to, now);
    schedules_of(session).backfill(options->id, from, to, overlap_of(options->overlap));
    say(session, options->id, "backfilling");
    return kOk;
  });
}

}  // namespace

void add_schedule_changes(CLI::App& parent, Chosen& chosen) {
  using holdfast::client::Schedules;
  add_create(parent, chosen);
  add_update(parent, chosen);
  add_simple(parent, chosen, "pause", "Start no more runs until it is resumed", "paused", true,
             [](const Schedules& s, const std::string& id, const std::string& note) { s.pause(id, note); });
  add_simple(parent, chosen, "resume", "Go on; times of the pause are not made up for", "resumed", true,
             [](const Schedules& s, const std::string& id, const std::string& note) { s.resume(id, note); });
  add_simple(parent, chosen, "delete", "Delete a schedule; its open runs go on", "deleted", false,
             [](const Schedules& s, const std::string& id, const std::string&) { s.remove(id); });
  add_trigger(parent, chosen);
  add_backfill(parent, chosen);
}

}  // namespace wfctl
