#pragma once

#include <string>
#include <string_view>

#include <holdfast/store/limit_store.hpp>

/// What both stores check of limits, like validate.hpp: each throws InvalidArgument.
namespace holdfast::store {

void validate(const LimitName& limit);
void validate(const LimitRule& rule);
void validate(const NewLimit& limit);
void validate(const LimitFilter& filter);

/// "endpoint/*" of "endpoint/42"; empty: the key has no class.
std::string limit_class(std::string_view key);
/// Whether a limit is the default of the keys of a class.
bool is_limit_class(const LimitName& limit);

}  // namespace holdfast::store
