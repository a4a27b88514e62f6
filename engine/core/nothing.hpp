#pragma once

#include <boost/describe/class.hpp>

namespace holdfast {

/// The type of "no value": input or result of what takes or returns none. Encodes as {}.
struct Nothing {
  bool operator==(const Nothing&) const = default;
};
BOOST_DESCRIBE_STRUCT(Nothing, (), ())

}  // namespace holdfast
