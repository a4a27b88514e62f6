#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::visibility {

/// A JSON number, exactly: attributes and literals are compared as decimals, as PostgreSQL's numeric does, and not as
/// doubles, which take neighbouring large integers for the same.
class Decimal {
 public:
  /// nullopt: not a JSON number, or one with an absurd exponent.
  static std::optional<Decimal> parse(std::string_view text);

  /// As it was written.
  const std::string& text() const { return text_; }

  std::strong_ordering operator<=>(const Decimal& other) const;
  bool operator==(const Decimal& other) const { return (*this <=> other) == 0; }

 private:
  std::string text_;
  bool negative_ = false;
  std::string digits_;          ///< without zeros at either end; empty: zero
  std::int64_t magnitude_ = 0;  ///< the value is 0.<digits> times ten to this
};

}  // namespace holdfast::visibility
