#pragma once

#include <holdfast/store/types.hpp>

namespace holdfast::store {

/// Everything that a list is narrowed by, except for namespace, place and limit, as one filter: both stores look at
/// nothing else.
visibility::Filter whole_filter(const ListFilter& list);

}  // namespace holdfast::store
