#include <memory>

#include <holdfast/core/json_text.hpp>
#include <holdfast/core/scheduled_by.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "run_arguments.hpp"
#include "run_json.hpp"
#include "session.hpp"
#include "wait_reason.hpp"
#include "words.hpp"

namespace wfctl {
namespace {

using holdfast::store::RunStatus;

constexpr int kMostChildren = 20;  // the newest; `wfctl run list --parent` shows all

OpenRun look_at(Session& session, const holdfast::store::RunKey& key) {
  OpenRun open{.run = session.client().describe(key),
               .activities = {},
               .children = {},
               .workers = {},
               .updates = {},
               .now = session.store().now()};
  holdfast::store::ListFilter of_parent;
  of_parent.namespace_ = open.run.summary.namespace_;
  of_parent.parent_run_id = open.run.summary.run_id;
  of_parent.limit = kMostChildren;
  open.children = session.client().list(of_parent);
  if (open.run.summary.status == RunStatus::running) {
    open.activities = session.client().pending_activities(open.run.summary.run_id);
    open.workers = session.store().list_workers();
    open.updates = session.store().updates().open_updates(open.run.summary.run_id);
  }
  return open;
}

std::string parent_json(const holdfast::store::RunDescription& run) {
  if (run.summary.parent_run_id.is_nil()) return "";
  return JsonObject()
      .uuid("run_id", run.summary.parent_run_id)
      .text("workflow_id", run.parent_workflow_id)
      .number("seq", run.parent_seq)
      .str();
}

std::string schedule_json(const std::optional<holdfast::ScheduledBy>& schedule) {
  if (!schedule) return "";
  return JsonObject().text("schedule_id", schedule->schedule_id).time("scheduled_at", schedule->scheduled_at).str();
}

std::string to_json(const OpenRun& open, const std::vector<std::string>& reasons) {
  const auto& run = open.run;
  std::vector<std::string> activities, children, updates;
  for (const auto& update : open.updates) updates.push_back(update_json(update));
  for (const auto& child : open.children) children.push_back(run_members(child).str());
  for (const auto& task : open.activities) activities.push_back(pending_activity_json(task));
  return run_members(run.summary)
      .texts("waits", reasons)
      .json("input", run.input)
      .json("result", run.result)
      .failure("failure", run.failure)
      .json("memo", run.memo)
      .json("search_attributes", run.search_attributes)
      .time("ready_at", run.ready_at)
      .number("owner", run.owner)
      .text("waiting_for", run.waiting_for)
      .number("unread_messages", run.unread_messages)
      .number("task_failures", run.task_failures)
      .text("task_failure", run.task_failure)
      .flag("quarantined", run.quarantined)
      .json("pending_activities", json_array(activities))
      .json("parent", parent_json(run))
      .uuid("first_run_id", run.first_run_id)
      .uuid("previous_run_id", run.previous_run_id)
      .uuid("next_run_id", run.next_run_id)
      .json("children", json_array(children))
      .json("schedule", schedule_json(holdfast::decode_scheduled_by(run.scheduled)))
      .json("updates", json_array(updates))
      .str();
}

/// Payloads can be megabytes; people read the start, programs take -o json.
std::string shortened(std::string_view json) {
  constexpr std::size_t kMost = 2000;
  if (json.size() <= kMost) return std::string(json);
  std::size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(json[end]) & 0xC0) == 0x80) --end;
  return std::string(json.substr(0, end)) + "... (" + std::to_string(json.size()) + " bytes)";
}

std::string to_text(const OpenRun& open, const std::vector<std::string>& reasons, const Output& out) {
  const auto& run = open.run;
  const auto& summary = run.summary;
  const Cell status = status_cell(summary.status);
  Facts facts;
  facts.add("workflow id", summary.workflow_id);
  facts.add("run id", summary.run_id.to_string());
  facts.add("type", summary.workflow_type);
  facts.add("status", status.text, status.colour);
  bool first = true;
  for (const auto& reason : reasons)
    facts.add(std::exchange(first, false) ? "waits" : "", reason, run.quarantined ? Colour::red : Colour::plain);
  if (!summary.parent_run_id.is_nil())
    facts.add("parent", run.parent_workflow_id + ", run " + summary.parent_run_id.to_string() + " (#" +
                            std::to_string(run.parent_seq) + ")");
  const auto add_run = [&](const char* name, const holdfast::Uuid& id) {
    if (!id.is_nil()) facts.add(name, id.to_string());
  };
  add_run("first run", run.first_run_id);
  add_run("previous run", run.previous_run_id);
  add_run("next run", run.next_run_id);
  for (const auto& child : open.children)
    facts.add(&child == &open.children.front() ? "children" : "",
              child.workflow_id + " (" + child.workflow_type + "): " + std::string(to_string(child.status)));
  if (open.children.size() == kMostChildren)
    facts.add("", "perhaps more: wfctl run list --parent " + summary.run_id.to_string());
  if (const auto schedule = holdfast::decode_scheduled_by(run.scheduled))
    facts.add("schedule", schedule->schedule_id + ", for " + short_time(schedule->scheduled_at) + " UTC");
  facts.add("task queue", summary.task_queue);
  facts.add("namespace", summary.namespace_);
  facts.add("started", short_time(summary.started_at) + " UTC (" + relative(summary.started_at, open.now) + ")");
  if (summary.closed_at)
    facts.add("closed",
              short_time(*summary.closed_at) + " UTC, after " + in_words(*summary.closed_at - summary.started_at));
  facts.add("input", shortened(run.input));
  facts.add("result", shortened(run.result));
  if (run.failure) facts.add("failure", describe(*run.failure), Colour::red);
  facts.add("memo", shortened(run.memo));
  facts.add("attributes", shortened(run.search_attributes));
  return facts.text(out);
}

}  // namespace

void add_run_describe(CLI::App& parent, Chosen& chosen) {
  auto ids = std::make_shared<std::vector<std::string>>();
  auto* command = parent.add_subcommand("describe", "Show one run, and in words what it waits for");
  command->add_option("id", *ids, "Workflow id or run id; - reads ids from standard input")->required();
  command->footer("Example:\n  wfctl run describe call-42");
  chosen.on(*command, [ids](Session& session) {
    bool first = true;
    return for_each_run(session, *ids, [&](const holdfast::store::RunKey& key, std::string_view) {
      const auto open = look_at(session, key);
      const auto reasons = why_it_waits(open);
      auto& out = session.out();
      if (out.form() == Form::table && !std::exchange(first, false)) out.line("");
      out.object(to_json(open, reasons), open.run.summary.run_id.to_string(), to_text(open, reasons, out));
    });
  });
}

}  // namespace wfctl
