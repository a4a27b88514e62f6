#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/client/client.hpp>

namespace wfctl {

class Session;

/// The run that a person means: a workflow id, or a run id. A workflow id may look like a run id, so that is tried
/// second. Throws client::NotFoundError.
holdfast::store::RunKey find_run(Session& session, std::string_view id);

/// Runs `act` for each id ("-" stands for the lines of standard input). Errors of one id are reported and do not stop
/// the others. Returns kOk, the exit code that all failures share, or kError when they differ.
int for_each_run(Session& session, const std::vector<std::string>& ids,
                 const std::function<void(const holdfast::store::RunKey&, std::string_view id)>& act);

/// Like for_each_run, for verbs whose answer is one word, such as "canceled": prints it in the chosen form.
int for_each_run_done(Session& session, const std::vector<std::string>& ids, std::string_view done,
                      const std::function<void(const holdfast::store::RunKey&)>& act);

/// JSON text from --input, or from --input-file ("-": standard input); `fallback` when neither is given.
struct InputOptions {
  std::string text, file;
  std::string read(std::string_view fallback = "{}") const;
};

}  // namespace wfctl
