#pragma once

namespace holdfast::store::postgres {

/// A statement with the name under which it is prepared. Constants of static storage, beside the verb that runs them.
struct Statement {
  const char* name;
  const char* sql;
};

}  // namespace holdfast::store::postgres

/// Microseconds since 1970 of a timestamptz expression that is finite; reads without any regard to session settings.
#define HOLDFAST_MICROS(expression) "(extract(epoch FROM " expression ") * 1000000)::bigint"
