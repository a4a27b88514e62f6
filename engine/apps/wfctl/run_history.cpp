#include <memory>

#include <holdfast/core/json_reader.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "json_object.hpp"
#include "run_arguments.hpp"
#include "session.hpp"
#include "words.hpp"

namespace wfctl {
namespace {

using holdfast::EventId;

struct Options {
  std::string id;
  std::int64_t from = 1;
  std::int64_t limit = 0;
};

constexpr int kRowsPerPage = 1000;

struct EventText {
  std::string type;
  std::string rest;  ///< the other members, as JSON without the braces
};

/// Slices, so that an event type of a later version is shown as well.
EventText read_event(std::string_view json) {
  EventText event;
  holdfast::JsonReader reader(json);
  reader.object([&](std::string_view key) {
    if (key == "type") {
      event.type = reader.string();
      return;
    }
    const std::string name(key);
    if (!event.rest.empty()) event.rest += "  ";
    event.rest += name + "=";
    event.rest += reader.raw();
  });
  return event;
}

std::string shortened(std::string text) {
  constexpr std::size_t kMost = 160;
  if (text.size() <= kMost) return text;
  std::size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string event_json(EventId id, holdfast::Timestamp at, std::string_view event) {
  return JsonObject().number("event_id", id).time("at", at).json("event", event).str();
}

/// Calls `on_event` for each event of a row; returns the number of the event after the row.
template <class OnEvent>
EventId for_each_event(const holdfast::HistoryRow& row, OnEvent&& on_event) {
  EventId id = row.first_event_id;
  holdfast::JsonReader reader(row.events);
  reader.array([&] { on_event(id++, reader.raw()); });
  return id;
}

int show(Session& session, const Options& options) {
  const auto key = session.client().exact(find_run(session, options.id));
  ListOutput output(session.out(), {"EVENT", "TIME", "TYPE", "WHAT"});
  const std::int64_t limit = options.limit > 0 ? options.limit : std::numeric_limits<std::int64_t>::max();
  std::int64_t shown = 0;
  EventId next = 1;
  for (bool more = true; more && shown < limit;) {
    const auto rows = session.store().read_history(key.run_id, next, kRowsPerPage);
    more = rows.size() == static_cast<std::size_t>(kRowsPerPage);
    for (const auto& row : rows) {
      next = for_each_event(row, [&](EventId id, std::string_view event) {
        if (id < options.from || shown >= limit) return;
        ++shown;
        const auto text = read_event(event);
        output.row({id, short_time(row.at), text.type, shortened(text.rest)}, event_json(id, row.at, event),
                   std::to_string(id));
      });
    }
  }
  output.finish("no events yet");
  return kOk;
}

}  // namespace

void add_run_history(CLI::App& parent, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = parent.add_subcommand("history", "Show the events of a run, oldest first");
  command->add_option("id", options->id, "Workflow id or run id")->required();
  command->add_option("--from", options->from, "First event number")->capture_default_str()->check(CLI::PositiveNumber);
  command->add_option("--limit", options->limit, "At most this many events")->check(CLI::PositiveNumber);
  command->footer("Example:\n  wfctl run history call-42 -o jsonl");
  chosen.on(*command, [options](Session& session) { return show(session, *options); });
}

}  // namespace wfctl
