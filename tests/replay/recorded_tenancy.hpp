#pragma once

#include <string>

namespace holdfast::test {

/// Histories of webhooks, onboarding and upkeep, as record_histories() writes them.
void record_tenancy(const std::string& folder);

}  // namespace holdfast::test
