#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::lint {

/// The text without comments and without the contents of string literals; line breaks stay.
std::string code_only(std::string_view text);

/// The paths of the #include lines, without <> or "".
std::vector<std::string> includes(std::string_view text);

/// What the rules have against a source file, one sentence each. `path` is relative to the repository, with
/// forward slashes: it decides which rules apply.
std::vector<std::string> violations(std::string_view path, std::string_view text);

}  // namespace holdfast::lint
