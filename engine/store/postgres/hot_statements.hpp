#pragma once

#include <span>
#include <string>

#include <holdfast/store/postgres/statement.hpp>

namespace holdfast::store::postgres {

/// Every statement on the path of starts, messages, steps, activities and polling: tests/explain looks at their plans.
std::span<const Statement> hot_statements();

/// The settings of a session with prepared statements, as libpq's `options`.
extern const char* const kSessionSettings;

}  // namespace holdfast::store::postgres
