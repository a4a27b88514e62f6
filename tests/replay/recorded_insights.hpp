#pragma once

#include <string>

namespace holdfast::test {

/// As record_histories, for the workflows on interactions and patterns.
void record_insights(const std::string& folder);

}  // namespace holdfast::test
