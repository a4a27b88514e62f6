#pragma once

#include <string_view>

#include <holdfast/visibility/filter.hpp>
#include <holdfast/visibility/lexer.hpp>

namespace holdfast::visibility {

/// The value that a token means to a column. Throws FilterError that says what the column takes.
Value read_literal(std::string_view filter, const Token& token, const Column& column);

}  // namespace holdfast::visibility
