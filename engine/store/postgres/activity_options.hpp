#pragma once

#include <string>
#include <string_view>

#include <holdfast/core/activity.hpp>

namespace holdfast::store::postgres {

/// activity_tasks.options: a JSON object, lengths in microseconds, what is unset left out.
std::string encode_options(const ActivityOptions& options);
/// Unknown members are ignored.
ActivityOptions decode_options(std::string_view json);

}  // namespace holdfast::store::postgres
