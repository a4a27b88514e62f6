#include "run_arguments.hpp"

#include <fstream>
#include <iostream>
#include <iterator>

#include "exit_code.hpp"
#include "json_object.hpp"
#include "session.hpp"
#include "words.hpp"

namespace wfctl {
namespace {

using holdfast::Uuid;
using holdfast::store::InvalidArgument;
using holdfast::store::RunKey;

std::optional<Uuid> as_uuid(std::string_view text) {
  try {
    return Uuid::parse(text);
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
}

/// A whole file, but no more than could ever be accepted.
std::string read_all(std::istream& in, const std::string& name) {
  constexpr std::size_t kMost = 64 * 1024 * 1024;
  std::string text;
  char block[65536];
  while (in.read(block, sizeof block) || in.gcount() > 0) {
    text.append(block, static_cast<std::size_t>(in.gcount()));
    if (text.size() > kMost) throw InvalidArgument(name + " holds more than 64 MiB");
  }
  if (in.bad()) throw InvalidArgument(name + " cannot be read");
  return text;
}

int common_code(int so_far, int code) { return so_far == kOk || so_far == code ? code : kError; }

}  // namespace

RunKey find_run(Session& session, std::string_view id) {
  const auto& client = session.client();
  if (const auto uuid = as_uuid(id)) {
    const auto by_run_id = client.key(*uuid);
    if (const auto found = session.store().describe_run(by_run_id))
      return {found->summary.namespace_, found->summary.workflow_id, *uuid};
  }
  return client.key(id);
}

int for_each_run(Session& session, const std::vector<std::string>& ids,
                 const std::function<void(const RunKey&, std::string_view)>& act) {
  int code = kOk;
  const auto one = [&](const std::string& id) {
    try {
      act(find_run(session, id), id);
    } catch (const holdfast::store::Unavailable&) {
      throw;  // the other ids would only wait for the same
    } catch (const holdfast::store::SchemaMismatch&) {
      throw;
    } catch (const std::exception& e) {
      session.out().flush();
      std::cerr << "wfctl: " << error_text(e.what()) << "\n";
      code = common_code(code, exit_code_of(e));
    }
  };
  for (const auto& id : ids) {
    if (id != "-") {
      one(id);
      continue;
    }
    std::string line;
    while (std::getline(std::cin, line)) {
      if (line.ends_with('\r')) line.pop_back();
      if (!line.empty()) one(line);
    }
  }
  return code;
}

int for_each_run_done(Session& session, const std::vector<std::string>& ids, std::string_view done,
                      const std::function<void(const RunKey&)>& act) {
  std::vector<std::string> answers;
  const auto form = session.out().form();
  const int code = for_each_run(session, ids, [&](const RunKey& run, std::string_view id) {
    act(run);
    const auto json = JsonObject().text("id", id).text("outcome", done).str();
    if (form == Form::json)
      answers.push_back(json);
    else
      session.out().object(json, id, std::string(done) + "  " + printable(id) + "\n");
  });
  if (form == Form::json) session.out().line(pretty_json(json_array(answers)));
  return code;
}

std::string InputOptions::read(std::string_view fallback) const {
  if (!file.empty() && !text.empty()) throw InvalidArgument("give --input or --input-file, not both");
  if (file == "-") return read_all(std::cin, "standard input");
  if (!file.empty()) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw InvalidArgument("--input-file " + in_quotes(file) + " cannot be opened");
    return read_all(in, file);
  }
  return text.empty() ? std::string(fallback) : text;
}

}  // namespace wfctl
