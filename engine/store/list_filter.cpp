#include <holdfast/store/list_filter.hpp>

#include <utility>

namespace holdfast::store {

using visibility::Field;
using visibility::Test;

visibility::Filter whole_filter(const ListFilter& list) {
  visibility::Filter whole;
  const auto add = [&](visibility::Filter part) { whole = std::move(whole) && std::move(part); };
  const auto compare = [&](Test test, Field field, visibility::Value value) {
    add({.test = test, .column = {field}, .values = {std::move(value)}});
  };
  if (list.parent_run_id) compare(Test::equals_any, Field::parent_run_id, *list.parent_run_id);
  if (list.status) compare(Test::equals_any, Field::execution_status, std::string(to_string(*list.status)));
  if (list.workflow_type) compare(Test::equals_any, Field::workflow_type, *list.workflow_type);
  if (list.task_queue) compare(Test::equals_any, Field::task_queue, *list.task_queue);
  if (list.workflow_id_prefix && !list.workflow_id_prefix->empty())
    compare(Test::starts_with, Field::workflow_id, *list.workflow_id_prefix);
  if (list.started_after) compare(Test::greater_or_equal, Field::start_time, *list.started_after);
  if (list.started_before) compare(Test::less, Field::start_time, *list.started_before);
  add(list.filter);
  return whole;
}

}  // namespace holdfast::store
