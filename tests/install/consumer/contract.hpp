#pragma once

#include <string>

#include <boost/describe.hpp>

#include <holdfast/core/activity.hpp>
#include <holdfast/core/signal.hpp>

// What a service and its worker share: names and types, no code.
namespace greeting {

struct Person {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Person, (), (name))

struct Greeting {
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Greeting, (), (text))

inline const holdfast::WorkflowType<Person, Greeting> kGreet{"Greet", "greetings"};
inline const holdfast::Activity<Person, Greeting> kCompose{"compose", {.start_to_close = std::chrono::seconds(5)}};
inline const holdfast::Signal<Person> kHurry{"hurry"};

}  // namespace greeting
