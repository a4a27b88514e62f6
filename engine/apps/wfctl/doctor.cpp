#include <iostream>
#include <memory>

#include <unistd.h>

#include <holdfast/store/postgres/doctor.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "json_object.hpp"
#include "schema.hpp"
#include "session.hpp"
#include "words.hpp"

namespace wfctl {
namespace {

using holdfast::store::postgres::DoctorCheck;
using holdfast::store::postgres::DoctorReport;
using holdfast::store::postgres::DoctorResult;

bool is_broken(const DoctorResult& check) {
  return check.kind == DoctorCheck::Kind::promise && !(check.findings.empty() && check.error.empty());
}

std::string_view state_of(const DoctorResult& check) {
  if (!check.error.empty()) return "not checked";
  if (check.findings.empty()) return "ok";
  return check.kind == DoctorCheck::Kind::promise ? "broken" : "warning";
}

Colour colour_of(const DoctorResult& check) {
  if (is_broken(check)) return Colour::red;
  return state_of(check) == "ok" ? Colour::green : Colour::yellow;
}

std::string check_json(const DoctorResult& check) {
  return JsonObject()
      .text("check", check.name)
      .text("kind", check.kind == DoctorCheck::Kind::promise ? "promise" : "warning")
      .text("state", state_of(check))
      .texts("findings", check.findings)
      .flag("more", check.more)
      .text("error", check.error)
      .str();
}

std::string report_json(const DoctorReport& report) {
  std::vector<std::string> checks;
  for (const auto& check : report.checks) checks.push_back(check_json(check));
  JsonObject facts;
  for (const auto& fact : report.facts) facts.text(fact.name, fact.value);
  return JsonObject()
      .flag("healthy", report.healthy())
      .number("runs_examined", report.runs_examined)
      .json("checks", json_array(checks))
      .json("facts", facts.str())
      .str();
}

void append_check(std::string& text, const DoctorResult& check, const Output& out) {
  std::string state(state_of(check));
  state.resize(std::max<std::size_t>(state.size(), 11), ' ');
  text += out.coloured(colour_of(check), state) + "  " + check.name + "\n";
  for (const auto& finding : check.findings) text += "               " + printable(finding) + "\n";
  if (check.more) text += "               ... and more\n";
  if (!check.error.empty()) text += "               " + printable(check.error) + "\n";
}

std::string report_text(const DoctorReport& report, const Output& out) {
  std::string text;
  for (const auto& check : report.checks) append_check(text, check, out);
  text += "\n";
  Facts facts;
  facts.add("runs examined", std::to_string(report.runs_examined));
  for (const auto& fact : report.facts) facts.add(fact.name, fact.value);
  text += facts.text(out);
  std::int64_t broken = 0;
  for (const auto& check : report.checks) broken += is_broken(check);
  return text + (broken == 0
                     ? out.coloured(Colour::green, "\nevery promise holds") + "\n"
                     : out.coloured(Colour::red, "\n" + counted(broken, "promise") + " broken or not checked") + "\n");
}

/// `-o ids`: one line per finding, for grep and counting.
std::string finding_lines(const DoctorReport& report) {
  std::string text;
  for (const auto& check : report.checks)
    if (is_broken(check))
      for (const auto& finding : check.findings)
        text += (text.empty() ? "" : "\n") + printable(check.name + ": " + finding);
  return text;
}

}  // namespace

void add_doctor(CLI::App& parent, Chosen& chosen) {
  struct Options {
    std::string since;
    int findings = 20;
  };
  auto options = std::make_shared<Options>();
  auto* command = parent.add_subcommand("doctor", "Prove from the tables that every promise holds; look for trouble");
  command->add_option("--since", options->since, "Only runs started since: a time, or a length of time ago (24h)");
  command->add_option("--findings", options->findings, "At most this many per check")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  command->footer(
      "Reads only; safe on a database in use. Exit code 1 when a promise is broken; warnings do not count.\n"
      "Example:\n  wfctl doctor --since 7d");
  chosen.on(*command, [options](Session& session) {
    require_schema(session);
    holdfast::store::postgres::DoctorOptions wanted{
        .since = {}, .findings_per_check = options->findings, .runs_per_page = 5000, .on_progress = {}};
    if (!options->since.empty()) wanted.since = parse_when("--since", options->since, session.store().now());
    const bool watched = ::isatty(STDERR_FILENO) == 1;
    if (watched)
      wanted.on_progress = [](std::int64_t runs) { std::cerr << "\r" << runs << " runs examined" << std::flush; };
    const auto report =
        examine(session.connection_string(), platform_doctor_checks(session.connection_string()), wanted);
    if (watched) std::cerr << "\r\x1b[K";
    auto& out = session.out();
    const auto lines = finding_lines(report);
    if (out.form() != Form::ids)
      out.object(report_json(report), "", report_text(report, out));
    else if (!lines.empty())
      out.line(lines);
    return report.healthy() ? kOk : kError;
  });
}

}  // namespace wfctl
