#include <holdfast/visibility/literals.hpp>

#include <optional>

#include <holdfast/core/length.hpp>
#include <holdfast/visibility/errors.hpp>
#include <holdfast/visibility/fields.hpp>
#include <holdfast/visibility/times.hpp>

namespace holdfast::visibility {
namespace {

constexpr std::string_view allowed(Kind kind) {
  switch (kind) {
    case Kind::text: return "a text in quotes";
    case Kind::id: return "a run id in quotes, such as '0190d1f0-7b5e-7cc3-98c4-dc0c0c07398f'";
    case Kind::status:
      return "one of these in quotes: Running, Completed, Failed, Canceled, Terminated, ContinuedAsNew, TimedOut";
    case Kind::time: return "a time in quotes, such as '2026-11-30T17:00:00Z', or a day in UTC, such as '2026-11-30'";
    case Kind::length: return "a length of time in quotes, such as '90s', '1h30m' or '7d'";
    case Kind::attribute: break;
  }
  return "a text in quotes, a number, true or false";
}

class Literal {
 public:
  Literal(std::string_view filter, const Token& token, const Column& column)
      : filter_(filter), token_(token), column_(column) {}

  Value read() const {
    const Kind kind = kind_of(column_.field);
    if (kind == Kind::attribute) return attribute();
    if (token_.kind != Token::Kind::text) fail();
    switch (kind) {
      case Kind::id: return id();
      case Kind::status: return status();
      case Kind::time: return or_fail(read_time(token_.text));
      case Kind::length: return or_fail(read_length(token_.text));
      default: return token_.text;
    }
  }

 private:
  [[noreturn]] void fail() const {
    const std::string problem =
        token_.kind == Token::Kind::end ? "the value of " + column_name(column_) + " is missing"
        : token_.kind == Token::Kind::word
            ? token_.text + " is no value of " + column_name(column_) + " (texts stand in quotes)"
            : (token_.kind == Token::Kind::text ? "'" + token_.text + "'" : token_.text) + " is no value of " +
                  column_name(column_);
    throw FilterError(filter_, token_.position, problem + "; allowed: " + std::string(allowed(kind_of(column_.field))));
  }

  template <class T>
  Value or_fail(const std::optional<T>& value) const {
    if (!value) fail();
    return *value;
  }

  Value attribute() const {
    if (token_.kind == Token::Kind::text) return token_.text;
    if (token_.kind == Token::Kind::number) return or_fail(Decimal::parse(token_.text));
    if (token_.is_word("TRUE")) return true;
    if (token_.is_word("FALSE")) return false;
    if (token_.is_word("NULL"))
      throw FilterError(filter_, token_.position, "nothing is equal to NULL; allowed: IS NULL, IS NOT NULL");
    fail();
  }

  Value id() const {
    try {
      return Uuid::parse(token_.text);
    } catch (const std::invalid_argument&) {
      fail();
    }
  }

  Value status() const {
    const auto stored = stored_status(token_.text);
    if (stored.empty()) fail();
    return std::string(stored);
  }

  std::string_view filter_;
  const Token& token_;
  const Column& column_;
};

}  // namespace

Value read_literal(std::string_view filter, const Token& token, const Column& column) {
  return Literal(filter, token, column).read();
}

}  // namespace holdfast::visibility
