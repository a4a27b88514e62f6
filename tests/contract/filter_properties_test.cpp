#include <random>

#include <holdfast/core/json_text.hpp>
#include <holdfast/visibility/evaluate.hpp>
#include <holdfast/visibility/parse.hpp>
#include <holdfast/visibility/print.hpp>

#include "store_contract.hpp"

// Random filters over random runs: what a store lists is what the evaluator says of each run, so PostgreSQL and memory
// agree on every operator, kind of value, null and negation, and so does a filter that was printed and read again.
namespace holdfast::test {
namespace {

using namespace store;
using visibility::Field;
using visibility::Filter;
using Op = visibility::Test;

const std::vector<std::string> kNames{"A", "B", "C-d"};
const std::vector<std::string> kTexts{"",
                                      "a",
                                      "ab",
                                      "B",
                                      "ä",
                                      "\xF0\x9F\x98\x80",
                                      "it's",
                                      "\"\\",
                                      "450",
                                      "true",
                                      "null",
                                      "2026-11-30T10:00:00Z",
                                      "2026-11-30T11:00:00+01:00",
                                      "2026-11-30T10:00:00.000001Z",
                                      "2026-02-29T00:00:00Z",
                                      "%_"};
const std::vector<std::string> kNumbers{
    "0", "-0", "-1", "1", "1.0", "1e0", "450", "0.1", "9007199254740992", "9007199254740993", "1e300", "-1e-300"};
const std::vector<std::string> kStatuses{"running", "completed", "failed", "canceled", "timed_out", "continued_as_new"};

class FilterProperties : public StoreContract {
 protected:
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
  const std::string& one_of(const std::vector<std::string>& items) { return items[below(items.size())]; }

  static std::string quoted(const std::string& text) {
    std::string out;
    append_json_string(out, text);
    return out;
  }
  std::string attribute() {
    switch (below(6)) {
      case 0: return "null";
      case 1: return below(2) ? "true" : "false";
      case 2: return one_of(kNumbers);
      case 3: return "[" + (below(3) ? quoted(one_of(kTexts)) + "," + quoted(one_of(kTexts)) : "") + "]";
      default: return quoted(one_of(kTexts));
    }
  }
  Payload attributes() {
    if (below(5) == 0) return "";
    Properties out;
    for (const auto& name : kNames)
      if (below(4)) out[name] = attribute();
    return write_properties(out);
  }

  void start_runs();
  visibility::Subject subject(const RunDescription& run);

  visibility::Value value(Field field) {
    const auto& run = runs_[below(runs_.size())];
    switch (field) {
      case Field::run_id: return run.summary.run_id;
      case Field::parent_run_id: return parent_;
      case Field::execution_status: return one_of(kStatuses);
      case Field::start_time: return run.summary.started_at;
      case Field::close_time: return run.summary.closed_at.value_or(run.summary.started_at);
      case Field::execution_duration: return Duration(std::chrono::milliseconds(below(3) * 1000));
      case Field::workflow_type: return std::string(below(2) ? "Order" : "Mail");
      case Field::parent_workflow_id: return std::string(below(2) ? "run-0" : "run");
      case Field::attribute: break;
      default: return run.summary.workflow_id.substr(0, 3 + below(4));
    }
    switch (below(5)) {
      case 0: return below(2) == 0;
      case 1:
      case 2: return visibility::Decimal::parse(one_of(kNumbers)).value();
      default: return one_of(kTexts);
    }
  }
  Filter comparison() {
    Filter filter{.column = {static_cast<Field>(below(16))}};
    if (filter.column.field >= Field::attribute) filter.column = {Field::attribute, one_of(kNames)};
    const Field field = filter.column.field;
    static const std::vector<Op> kOrders{Op::less, Op::less_or_equal, Op::greater, Op::greater_or_equal};
    const bool ordered =
        field != Field::run_id && field != Field::parent_run_id && field != Field::execution_status && below(2);
    if (below(8) == 0) {
      filter.test = Op::is_null;
      return filter;
    }
    filter.test = ordered ? kOrders[below(4)] : Op::equals_any;
    filter.values.push_back(value(field));
    if (ordered && std::holds_alternative<bool>(filter.values[0])) filter.values[0] = std::string("a");
    if (!ordered)
      for (auto more = below(3); more > 0; --more) filter.values.push_back(value(field));
    const bool text = field == Field::workflow_id || field == Field::workflow_type || field == Field::task_queue ||
                      field == Field::parent_workflow_id || field == Field::attribute;
    if (ordered && text && below(4) == 0 && std::holds_alternative<std::string>(filter.values[0]))
      filter.test = Op::starts_with;
    return filter;
  }
  Filter filter(int depth) {
    const auto kind = depth == 0 ? 3 : below(5);
    if (kind >= 3) return comparison();
    Filter out{.test = kind == 0 ? Op::negation : kind == 1 ? Op::all_of : Op::any_of};
    for (auto parts = kind == 0 ? 1 : 2 + below(2); parts > 0; --parts) out.parts.push_back(filter(depth - 1));
    return out;
  }

  std::mt19937_64 random_{20261130};
  std::vector<RunDescription> runs_;  ///< newest first
  Uuid parent_;
};
HOLDFAST_ON_EVERY_STORE(FilterProperties);

void FilterProperties::start_runs() {
  auto worker = new_worker();
  std::vector<Uuid> ids;
  for (int i = 0; i < 60; ++i) {
    auto run = new_run("run-" + std::to_string(i));
    run.search_attributes = attributes();
    if (below(3) == 0) run.workflow_type = "Mail";
    if (i == 0) parent_ = run.run_id;
    if (i > 0 && below(4) == 0) {
      const NewChild child{.run = run, .parent_run_id = parent_, .parent_seq = i};
      auto step = worker.lane->begin_step();
      step->start_children({&child, 1});
      step->commit({});
    } else {
      start(run);
    }
    ids.push_back(run.run_id);
  }
  claim(worker);
  advance(std::chrono::seconds(1));
  for (std::size_t i = 1; i < ids.size(); ++i) {
    if (below(3) == 0) continue;
    auto close = closing(ids[i], 1);
    do close.status = parse_run_status(one_of(kStatuses));
    while (close.status == RunStatus::running);
    commit(worker, std::move(close));
  }
  for (const auto& summary : store().list_runs({.limit = 1000})) runs_.push_back(describe(summary.run_id));
}

visibility::Subject FilterProperties::subject(const RunDescription& run) {
  visibility::Subject subject{.workflow_id = run.summary.workflow_id,
                              .workflow_type = run.summary.workflow_type,
                              .task_queue = run.summary.task_queue,
                              .status = to_string(run.summary.status),
                              .run_id = run.summary.run_id,
                              .parent_run_id = run.summary.parent_run_id,
                              .start_time = run.summary.started_at,
                              .close_time = run.summary.closed_at,
                              .attributes = visibility::read_attributes(run.search_attributes)};
  if (!run.summary.parent_run_id.is_nil()) subject.parent_workflow_id = run.parent_workflow_id;
  return subject;
}

TEST_P(FilterProperties, ListsAreWhatTheEvaluatorSays) {
  start_runs();
  ASSERT_EQ(runs_.size(), 60u);
  std::size_t some = 0;
  for (int i = 0; i < 1500; ++i) {
    const auto wanted = filter(3);
    const auto text = visibility::to_text(wanted);
    const auto read = visibility::parse_filter(text);
    std::vector<std::string> expected, listed;
    for (const auto& run : runs_)
      if (visibility::matches(wanted, subject(run))) expected.push_back(run.summary.workflow_id);
    for (const auto& run : store().list_runs({.limit = 1000, .filter = read})) listed.push_back(run.workflow_id);
    ASSERT_EQ(listed, expected) << text;
    EXPECT_EQ(store().count_runs({.filter = wanted}).total, std::ssize(expected)) << text;
    some += !expected.empty() && expected.size() < runs_.size();
  }
  EXPECT_GT(some, 500u) << "the filters must tell runs apart";
}

}  // namespace
}  // namespace holdfast::test
