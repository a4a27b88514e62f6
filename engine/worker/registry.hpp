#pragma once

#include <functional>
#include <map>
#include <string>
#include <type_traits>

#include <holdfast/core/activity.hpp>
#include <holdfast/core/definition.hpp>
#include <holdfast/store/types.hpp>
#include <holdfast/worker/activity_context.hpp>

namespace holdfast::worker {

/// An activity's body, over JSON. `name` and options belong to the constant that workflows use.
using ActivityBody = std::function<Payload(const Payload& input, ActivityContext& context)>;
using TransactionalBody =
    std::function<Payload(const Payload& input, store::BusinessTransaction& transaction, ActivityContext& context)>;

/// What a worker can run. Filled in main(), then read-only; a name given twice throws std::invalid_argument.
/// Bodies are called from many threads at once (transactional ones: from every lane's).
class Registry {
 public:
  template <class In, class Out>
  void add(const WorkflowType<In, Out>& type, std::type_identity_t<Workflow<Out> (*)(Context, In)> function) {
    add_workflow(define(type, function));
  }

  /// `body`: Out(const In&, ActivityContext&).
  template <class In, class Out, class Body>
    requires std::is_invocable_r_v<Out, const Body&, const In&, ActivityContext&>
  void add(const Activity<In, Out>& activity, Body body) {
    add_activity(activity.name, [body = std::move(body)](const Payload& input, ActivityContext& context) -> Payload {
      return encode<Out>(body(decode<In>(input), context));
    });
  }

  /// `body`: Out(const In&, pqxx::transaction_base&, ActivityContext&). Runs on the lane's connection: short, and
  /// nothing but this transaction. It may be rolled back and repeated at any time before its commit.
  template <class In, class Out, class Body>
    requires std::is_invocable_r_v<Out, const Body&, const In&, pqxx::transaction_base&, ActivityContext&>
  void add(const TransactionalActivity<In, Out>& activity, Body body) {
    add_transactional(activity.name,
                      [body = std::move(body)](const Payload& input, store::BusinessTransaction& transaction,
                                               ActivityContext& context) -> Payload {
                        return encode<Out>(body(decode<In>(input), transaction.postgres(), context));
                      });
  }

  void add_workflow(WorkflowDefinition definition);
  void add_activity(const std::string& name, ActivityBody body);
  void add_transactional(const std::string& name, TransactionalBody body);

  /// nullptr: this worker does not know it.
  const WorkflowDefinition* workflow(const std::string& type) const;
  const ActivityBody* activity(const std::string& name) const;
  const TransactionalBody* transactional(const std::string& name) const;

  /// In alphabetical order.
  std::vector<std::string> workflow_names() const;
  /// Of both kinds of activities, in alphabetical order.
  std::vector<std::string> activity_names() const;

  /// Keeps only these workflow types and activities (a pool's share). Throws std::invalid_argument for unknown names.
  Registry restricted_to(const std::vector<std::string>& workflows, const std::vector<std::string>& activities) const;

 private:
  std::map<std::string, WorkflowDefinition, std::less<>> workflows_;
  std::map<std::string, ActivityBody, std::less<>> activities_;
  std::map<std::string, TransactionalBody, std::less<>> transactional_;
};

}  // namespace holdfast::worker
