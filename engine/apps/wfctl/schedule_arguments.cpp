#include "schedule_arguments.hpp"

#include <fstream>
#include <iostream>
#include <sstream>

#include <holdfast/core/codec.hpp>
#include <holdfast/schedule/errors.hpp>

#include "exit_code.hpp"
#include "json_object.hpp"
#include "session.hpp"
#include "words.hpp"

namespace wfctl {
namespace {

using holdfast::store::InvalidArgument;
namespace schedule = holdfast::schedule;

const std::vector<std::string> kOverlaps{"skip",         "buffer_one",      "buffer_all",
                                         "cancel_other", "terminate_other", "allow_all"};

holdfast::Timestamp time_of(const char* option, const std::string& text) {
  try {
    return holdfast::parse_rfc3339(text);
  } catch (const std::invalid_argument& error) {
    throw InvalidArgument(std::string(option) + " is " + error.what());
  }
}

template <class E>
void read_enum(E& out, const std::string& text) {
  // CLI11 has checked the word.
  if (!text.empty()) boost::describe::enum_from_string(text.c_str(), out);
}

template <class T>
std::vector<T> read_objects(const char* member, const std::vector<std::string>& texts) {
  std::string list;
  for (const auto& text : texts) list += (list.empty() ? "" : ",") + text;
  const auto spec = schedule::parse_spec("{\"" + std::string(member) + "\":[" + list + "]}");
  if constexpr (std::is_same_v<T, schedule::CalendarSpec>)
    return spec.calendars;
  else
    return spec.exclude;
}

std::string read_file(const std::string& name) {
  std::ifstream in(name, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf()))
    throw InvalidArgument("--definition-file " + in_quotes(name) + " cannot be read, or is empty");
  return text.str();
}

}  // namespace

void SpecOptions::add_to(CLI::App& command) {
  command.add_option("--cron", cron, "Cron string, such as '0 2 * * MON-FRI'; may be given several times")
      ->allow_extra_args(false);
  command.add_option("--every", every, "Interval, such as 15m, or 1h/5m with its phase")->allow_extra_args(false);
  command.add_option("--calendar", calendars, "JSON object, such as '{\"hour\":\"9-17\",\"day_of_month\":\"L\"}'")
      ->allow_extra_args(false);
  command.add_option("--exclude", exclude, "JSON object of times to leave out")->allow_extra_args(false);
  command.add_option("--start", start, "Not before this time (RFC 3339)");
  command.add_option("--end", end, "Not after this time (RFC 3339)");
  command.add_option("--jitter", jitter, "Delay each time by 0 to this much");
  command.add_option("--time-zone", time_zone, "IANA time zone (default UTC)");
  command.add_option("--missing-time", missing, "Times that a change of the clock leaves out")
      ->check(CLI::IsMember({"skip", "next"}));
  command.add_option("--doubled-time", doubled, "Times that a change of the clock repeats")
      ->check(CLI::IsMember({"both", "first"}));
}

void SpecOptions::apply(schedule::ScheduleSpec& spec) const {
  if (!cron.empty()) spec.cron = cron;
  if (!every.empty()) {
    spec.intervals.clear();
    for (const auto& text : every) {
      const auto slash = text.find('/');
      spec.intervals.push_back({.every = text.substr(0, slash)});
      if (slash != std::string::npos) spec.intervals.back().phase = text.substr(slash + 1);
    }
  }
  if (!calendars.empty()) spec.calendars = read_objects<schedule::CalendarSpec>("calendars", calendars);
  if (!exclude.empty()) spec.exclude = read_objects<schedule::ExclusionSpec>("exclude", exclude);
  if (!start.empty()) spec.start_at = time_of("--start", start);
  if (!end.empty()) spec.end_at = time_of("--end", end);
  if (!jitter.empty()) spec.jitter = jitter;
  if (!time_zone.empty()) spec.time_zone = time_zone;
  read_enum(spec.missing_time, missing);
  read_enum(spec.doubled_time, doubled);
}

void DefinitionOptions::add_to(CLI::App& command) {
  spec.add_to(command);
  command.add_option("--definition-file", definition_file,
                     "JSON file with a whole definition; other options change it");
  command.add_option("--type", type, "Workflow type");
  command.add_option("--queue", queue, "Task queue (default: default)");
  command.add_option("--input", input.text, "Input of each run as JSON text (default {})");
  command.add_option("--input-file", input.file, "File with the input; - is standard input");
  command.add_option("--priority", priority, "1 (first) to 5")->check(CLI::Range(1, 5));
  command.add_option("--execution-timeout", timeout, "End each run after this long");
  command.add_option("--overlap", overlap, "When the run before is still open")->check(CLI::IsMember(kOverlaps));
  command.add_option("--catch-up", catch_up, "Which times that nobody fired still fire")
      ->check(CLI::IsMember({"all", "latest", "none"}));
  command.add_option("--catch-up-window", window, "Times older than this are missed (default 365d)");
  command.add_option("--pause-on-failure", pause_on_failure, "true: pause when a run failed");
  command.add_option("--limit-actions", limit_actions, "Start this many runs, then no more")
      ->check(CLI::NonNegativeNumber);
  command.add_option("--memo", memo, "JSON object kept with each run");
  command.add_option("--search-attributes", attributes, "JSON object kept with each run, for queries");
}

void DefinitionOptions::apply(holdfast::client::ScheduleRequest& request) const {
  try {
    auto& definition = request.definition;
    if (!definition_file.empty()) definition = schedule::parse_definition(read_file(definition_file));
    spec.apply(definition.spec);
    if (!type.empty()) definition.workflow_type = type;
    if (!queue.empty()) definition.task_queue = queue;
    if (priority) definition.priority = *priority;
    if (!timeout.empty()) definition.execution_timeout = timeout;
    read_enum(definition.overlap, overlap);
    read_enum(definition.catch_up, catch_up);
    if (!window.empty()) definition.catch_up_window = window;
    if (pause_on_failure) definition.pause_on_failure = *pause_on_failure;
    if (limit_actions) definition.limited_actions = limit_actions;
    request.input = input.read(request.input);
    if (!memo.empty()) request.memo = memo;
    if (!attributes.empty()) request.search_attributes = attributes;
  } catch (const schedule::SpecError& error) {
    throw InvalidArgument(error.what());
  }
}

void add_overlap(CLI::App& command, std::string& overlap) {
  command.add_option("--overlap", overlap, "Instead of the schedule's own policy")->check(CLI::IsMember(kOverlaps));
}

std::optional<schedule::Overlap> overlap_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  schedule::Overlap out{};
  read_enum(out, text);
  return out;
}

holdfast::client::Schedules schedules_of(Session& session) {
  session.store();  // connects
  return holdfast::client::Schedules(session.client());
}

int for_each_id_done(Session& session, const std::vector<std::string>& ids, std::string_view done,
                     const std::function<void(const std::string&)>& act) {
  std::vector<std::string> all;
  for (const auto& id : ids) {
    std::string line;
    if (id != "-")
      all.push_back(id);
    else
      while (std::getline(std::cin, line))
        if (!line.empty()) all.push_back(line);
  }
  std::vector<std::string> answers;
  int code = kOk;
  for (const auto& id : all) {
    try {
      act(id);
    } catch (const holdfast::store::Unavailable&) {
      throw;
    } catch (const std::exception& error) {
      session.out().flush();
      std::cerr << "wfctl: " << error_text(error.what()) << "\n";
      const int own = exit_code_of(error);
      code = code == kOk || code == own ? own : kError;
      continue;
    }
    const auto json = JsonObject().text("id", id).text("outcome", done).str();
    if (session.out().form() == Form::json)
      answers.push_back(json);
    else
      session.out().object(json, id, std::string(done) + "  " + printable(id) + "\n");
  }
  if (session.out().form() == Form::json) session.out().line(pretty_json(json_array(answers)));
  return code;
}

}  // namespace wfctl
