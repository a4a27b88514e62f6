#include <holdfast/core/errors.hpp>
#include <holdfast/core/json_text.hpp>
#include <holdfast/core/run.hpp>

// Queries: what a run says of itself, without a trace.
namespace holdfast {
namespace {

constexpr std::size_t kMostBytes = 8192;  // of an exception's words
constexpr std::string_view kWaitingFor = "__waiting_for";

Failure query_failure(std::string type, std::string message) {
  Failure failure;
  failure.type = std::move(type);
  failure.message = std::move(message);
  failure.non_retryable = true;
  return failure;
}

}  // namespace

void detail::RunState::set_query_handler(const std::string& name, std::function<Payload(const Payload&)> handler) {
  check_writable();
  query_handlers[name] = std::move(handler);
}

QueryResult Run::query(const std::string& name, const Payload& input) {
  if (name == kWaitingFor) {
    QueryResult answer;
    append_json_string_repaired(answer.result, waiting_for());
    return answer;
  }
  if (root_ && root_->finished()) return {{}, query_failure("RunEnded", "the run's code has ended")};
  const auto handler = state_.query_handlers.find(name);
  if (handler == state_.query_handlers.end()) {
    std::string known(kWaitingFor);
    for (const auto& [other, unused] : state_.query_handlers) known += ", " + other;
    return {{},
            query_failure("UnknownQuery", "workflow " + state_.workflow_type + " has no handler for query " +
                                              name.substr(0, 255) + "; it has: " + known)};
  }
  const detail::ReadOnly looking(state_, "a query");
  try {
    return {handler->second(input), std::nullopt};
  } catch (const FailureError& e) {
    return {{}, e.failure()};
  } catch (const ReadOnlyError& e) {
    return {{}, query_failure("ReadOnly", e.what())};
  } catch (const std::exception& e) {
    return {{}, query_failure("QueryFailed", std::string(e.what()).substr(0, kMostBytes))};
  } catch (...) {
    return {{}, query_failure("QueryFailed", "the handler threw something that is not a std::exception")};
  }
}

namespace {

using Row = std::pair<const HistoryRow*, std::vector<Event>>;

/// Takes away the input that made the code end with an exception, and what came of it. False: it is the first one.
bool cut_before_the_end(std::vector<Row>& rows) {
  while (!rows.empty()) {
    auto& events = rows.back().second;
    while (!events.empty() && is_command_event(events.back())) events.pop_back();
    if (!events.empty()) {
      events.pop_back();
      return rows.size() > 1 || !events.empty();
    }
    rows.pop_back();
  }
  return false;
}

bool ended_by_exception(const Event& last) {
  return std::holds_alternative<event::WorkflowFailed>(last) || std::holds_alternative<event::WorkflowCanceled>(last) ||
         std::holds_alternative<event::WorkflowContinuedAsNew>(last);
}

}  // namespace

QueryResult query_history(const WorkflowDefinition& definition, const RunInfo& info,
                          const std::vector<HistoryRow>& history, const std::string& name, const Payload& input) {
  try {
    std::vector<Row> rows;
    for (const auto& row : history) rows.emplace_back(&row, decode_events(row.events));
    Run run(definition, info);
    std::optional<QueryResult> answer;
    const bool has_last = !rows.empty() && !rows.back().second.empty();
    if (has_last && std::holds_alternative<event::WorkflowCompleted>(rows.back().second.back())) {
      run.state_.before_return = [&] { answer = run.query(name, input); };
    } else if (has_last && ended_by_exception(rows.back().second.back()) && !cut_before_the_end(rows)) {
      return {{}, query_failure("RunEnded", "the run ended before it waited for anything")};
    }
    for (const auto& [row, events] : rows)
      if (!events.empty()) run.replay(row->at, row->first_event_id, events);
    run.state_.before_return = nullptr;
    return answer ? std::move(*answer) : run.query(name, input);
  } catch (const std::exception& e) {
    return {{},
            query_failure("ReplayFailed", std::string("the run cannot be rebuilt from its history: ") +
                                              std::string(e.what()).substr(0, kMostBytes))};
  } catch (...) {
    return {{}, query_failure("ReplayFailed", "the run cannot be rebuilt: it threw what is no std::exception")};
  }
}

}  // namespace holdfast
