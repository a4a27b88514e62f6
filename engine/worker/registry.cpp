#include <holdfast/worker/registry.hpp>

#include <algorithm>

#include <stdexcept>

namespace holdfast::worker {
namespace {

template <class Map, class Value>
void insert_once(Map& map, const std::string& name, Value value, const char* what) {
  if (name.empty()) throw std::invalid_argument(std::string(what) + " name is empty; allowed: 1 to 255 bytes");
  if (!map.emplace(name, std::move(value)).second)
    throw std::invalid_argument(std::string(what) + " " + name + " is registered twice");
}

template <class Map>
const typename Map::mapped_type* find(const Map& map, const std::string& name) {
  const auto found = map.find(name);
  return found == map.end() ? nullptr : &found->second;
}

}  // namespace

void Registry::add_workflow(WorkflowDefinition definition) {
  const auto name = definition.name;
  insert_once(workflows_, name, std::move(definition), "workflow type");
}

void Registry::add_activity(const std::string& name, ActivityBody body) {
  if (transactional_.contains(name)) throw std::invalid_argument("activity " + name + " is registered twice");
  insert_once(activities_, name, std::move(body), "activity");
}

void Registry::add_transactional(const std::string& name, TransactionalBody body) {
  if (activities_.contains(name)) throw std::invalid_argument("activity " + name + " is registered twice");
  insert_once(transactional_, name, std::move(body), "activity");
}

const WorkflowDefinition* Registry::workflow(const std::string& type) const { return find(workflows_, type); }
const ActivityBody* Registry::activity(const std::string& name) const { return find(activities_, name); }
const TransactionalBody* Registry::transactional(const std::string& name) const { return find(transactional_, name); }

std::vector<std::string> Registry::workflow_names() const {
  std::vector<std::string> names;
  for (const auto& [name, definition] : workflows_) names.push_back(name);
  return names;
}

std::vector<std::string> Registry::activity_names() const {
  std::vector<std::string> names;
  for (const auto& [name, body] : activities_) names.push_back(name);
  for (const auto& [name, body] : transactional_) names.push_back(name);
  std::ranges::sort(names);
  return names;
}

Registry Registry::restricted_to(const std::vector<std::string>& workflows,
                                 const std::vector<std::string>& activities) const {
  Registry share;
  for (const auto& name : workflows) {
    const auto* definition = workflow(name);
    if (!definition) throw std::invalid_argument("workflow type " + name + " is not registered in this program");
    share.add_workflow(*definition);
  }
  for (const auto& name : activities) {
    if (const auto* body = activity(name))
      share.add_activity(name, *body);
    else if (const auto* in_transaction = transactional(name))
      share.add_transactional(name, *in_transaction);
    else
      throw std::invalid_argument("activity " + name + " is not registered in this program");
  }
  return share;
}

}  // namespace holdfast::worker
