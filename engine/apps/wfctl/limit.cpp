#include <charconv>
#include <cstdlib>
#include <memory>

#include <holdfast/client/limits.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "json_object.hpp"
#include "schedule_arguments.hpp"
#include "session.hpp"
#include "words.hpp"

namespace wfctl {
namespace {

using holdfast::store::InvalidArgument;
using holdfast::store::LimitName;
using holdfast::store::LimitRow;
using holdfast::store::LimitRule;
using holdfast::store::LimitScope;

holdfast::client::Limits limits_of(Session& session) { return holdfast::client::Limits(session.client()); }

/// "queue:NAME", "key:NAME", or the name of a key.
LimitName parse_name(const std::string& text) {
  if (text.starts_with("queue:")) return {LimitScope::queue, text.substr(6)};
  return {LimitScope::key, text.starts_with("key:") ? text.substr(4) : text};
}

std::string id_of(const LimitName& limit) { return std::string(to_string(limit.scope)) + ":" + limit.name; }

/// "100" (per second), "100/1m".
void parse_rate(const std::string& text, LimitRule& rule) {
  const auto slash = text.find('/');
  const auto number = text.substr(0, slash);
  int rate = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), rate);
  if (error != std::errc() || end != number.data() + number.size())
    throw InvalidArgument("--rate is " + in_quotes(text) + "; allowed: starts per second, or per time: 100 or 90/1m");
  rule.rate = rate;
  if (slash != std::string::npos) rule.per = parse_duration("--rate", text.substr(slash + 1));
}

std::string rate_in_words(const LimitRule& rule) {
  if (!rule.rate) return "";
  std::string out = std::to_string(*rule.rate) + " per " + in_words(rule.per);
  return rule.burst ? out + ", burst " + std::to_string(*rule.burst) : out;
}

std::string to_json(const LimitRow& row) {
  const auto& rule = row.content.rule;
  const auto number = [](const std::optional<int>& value) { return value ? std::to_string(*value) : ""; };
  JsonObject json;
  json.text("scope", to_string(row.content.limit.scope))
      .text("name", row.content.limit.name)
      .text("rule_of", row.rule_of)
      .json("max_concurrent", number(rule.max_concurrent))
      .json("rate", number(rule.rate))
      .json("per_us", rule.rate ? std::to_string(rule.per.count()) : "")
      .json("burst", number(rule.burst))
      .number("running", row.running)
      .number("waiting", row.waiting)
      .text("reason", row.content.reason)
      .text("updated_by", row.content.updated_by)
      .text("origin", row.content.origin)
      .time("updated_at", row.updated_at);
  return json.str();
}

Cell running_cell(const LimitRow& row) {
  const auto& most = row.content.rule.max_concurrent;
  const bool is_class = row.content.limit.scope == LimitScope::key && row.content.limit.name.ends_with("/*");
  if (!most || is_class) return std::int64_t{row.running};
  return {std::to_string(row.running) + " of " + std::to_string(*most),
          row.running >= *most && row.waiting > 0 ? Colour::yellow : Colour::plain};
}

int list(Session& session, const std::string& prefix, bool queues) {
  holdfast::store::LimitFilter filter{.limit = 1000};
  if (!prefix.empty()) filter.name_prefix = prefix;
  if (queues) filter.scope = LimitScope::queue;
  const auto limits = limits_of(session);
  ListOutput output(session.out(), {"LIMIT", "MOST AT ONCE", "RATE", "RUNNING", "WAITING", "REASON"});
  for (;;) {
    const auto page = limits.list(filter);
    for (const auto& row : page) {
      const auto& rule = row.content.rule;
      output.row({id_of(row.content.limit), rule.max_concurrent ? std::to_string(*rule.max_concurrent) : "",
                  rate_in_words(rule), running_cell(row), row.waiting, row.content.reason},
                 to_json(row), id_of(row.content.limit));
    }
    if (std::cmp_less(page.size(), filter.limit)) break;
    filter.after = page.back().content.limit;
  }
  output.finish("no limits");
  return kOk;
}

std::string to_text(const LimitRow& row, const Output& out, holdfast::Timestamp now) {
  const auto& rule = row.content.rule;
  Facts facts;
  facts.add("limit", id_of(row.content.limit));
  if (row.rule_of != row.content.limit.name) facts.add("limit of its class", "key:" + row.rule_of);
  if (rule.max_concurrent) facts.add("most at once", std::to_string(*rule.max_concurrent));
  facts.add("rate", rate_in_words(rule));
  facts.add("running", std::to_string(row.running));
  facts.add("waiting", std::to_string(row.waiting));
  facts.add("reason", row.content.reason);
  facts.add("kept by", row.content.origin);
  facts.add("updated", short_time(row.updated_at) + " UTC (" + relative(row.updated_at, now) + ")" +
                           (row.content.updated_by.empty() ? "" : " by " + row.content.updated_by));
  return facts.text(out);
}

void add_set(CLI::App& parent, Chosen& chosen) {
  struct Options {
    std::string name, rate, reason;
    std::optional<int> most, burst;
  };
  auto options = std::make_shared<Options>();
  auto* command = parent.add_subcommand("set", "Make or replace a limit; what runs goes on");
  command->add_option("name", options->name, "queue:NAME, key:NAME, or a key; CLASS/* for each key of a class")
      ->required();
  command->add_option("--max-concurrent", options->most, "Attempts at a time; 0: none start");
  command->add_option("--rate", options->rate, "Starts per second (100), or per time (90/1m)");
  command->add_option("--burst", options->burst, "Starts at once after a pause (default: what a second allows)");
  command->add_option("--reason", options->reason, "Why, for people");
  command->footer(
      "Examples:\n  wfctl limit set 'endpoint/*' --max-concurrent 5\n  wfctl limit set queue:webhooks --rate 100");
  chosen.on(*command, [options](Session& session) {
    LimitRule rule{.max_concurrent = options->most, .burst = options->burst};
    if (!options->rate.empty()) parse_rate(options->rate, rule);
    const char* user = std::getenv("USER");
    const auto name = parse_name(options->name);
    limits_of(session).set(name, rule, {.updated_by = user ? user : "wfctl", .reason = options->reason});
    session.out().object(JsonObject().text("id", id_of(name)).text("outcome", "set").str(), id_of(name),
                         "set  " + printable(id_of(name)) + "\n");
    return kOk;
  });
}

void add_list(CLI::App& parent, Chosen& chosen) {
  struct Options {
    std::string prefix;
    bool queues = false;
  };
  auto options = std::make_shared<Options>();
  auto* command = parent.add_subcommand("list", "List limits with what runs and waits under them");
  command->add_option("--prefix", options->prefix, "Only names that begin so");
  command->add_flag("--queues", options->queues, "Only limits of task queues");
  command->footer("Example:\n  wfctl limit list --prefix endpoint/");
  chosen.on(*command, [options](Session& session) { return list(session, options->prefix, options->queues); });
}

void add_describe(CLI::App& parent, Chosen& chosen) {
  auto name = std::make_shared<std::string>();
  auto* command = parent.add_subcommand("describe", "Show a limit, or the one of its class that a key is under");
  command->add_option("name", *name, "queue:NAME, key:NAME, or a key")->required();
  command->footer("Example:\n  wfctl limit describe endpoint/42");
  chosen.on(*command, [name](Session& session) {
    const auto row = limits_of(session).describe(parse_name(*name));
    session.out().object(to_json(row), id_of(row.content.limit), to_text(row, session.out(), session.store().now()));
    return kOk;
  });
}

void add_delete(CLI::App& parent, Chosen& chosen) {
  auto names = std::make_shared<std::vector<std::string>>();
  auto* command = parent.add_subcommand("delete", "Delete limits; what waited for them starts");
  command->add_option("name", *names, "queue:NAME, key:NAME, or a key; - reads them from standard input")->required();
  command->footer("Example:\n  wfctl limit delete 'endpoint/*'");
  chosen.on(*command, [names](Session& session) {
    const auto limits = limits_of(session);
    return for_each_id_done(session, *names, "deleted",
                            [&](const std::string& name) { limits.remove(parse_name(name)); });
  });
}

}  // namespace

void add_limits(CLI::App& parent, Chosen& chosen) {
  add_set(parent, chosen);
  add_list(parent, chosen);
  add_describe(parent, chosen);
  add_delete(parent, chosen);
}

}  // namespace wfctl
