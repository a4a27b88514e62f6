#include <holdfast/visibility/parse.hpp>

#include <array>
#include <optional>
#include <utility>

#include <holdfast/core/attributes.hpp>
#include <holdfast/core/json_text.hpp>
#include <holdfast/visibility/fields.hpp>
#include <holdfast/visibility/lexer.hpp>
#include <holdfast/visibility/literals.hpp>

namespace holdfast::visibility {
namespace {

constexpr std::array<std::string_view, 12> kKeywords{"AND", "OR",   "NOT",  "BETWEEN", "IN",    "STARTS_WITH",
                                                     "IS",  "NULL", "TRUE", "FALSE",   "ORDER", "BY"};

bool is_keyword(const Token& token) {
  for (const auto keyword : kKeywords)
    if (token.is_word(keyword)) return true;
  return false;
}

std::string described(const Token& token) {
  return token.kind == Token::Kind::end    ? "the end"
         : token.kind == Token::Kind::text ? "'" + token.text + "'"
                                           : token.text;
}

/// Recursive descent, one function per line of the grammar in docs/filters.md.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), lexer_(text), token_(lexer_.next()) {}

  Filter whole() {
    if (at_end()) return {};
    auto filter = any_of();
    if (token_.is_word("ORDER")) fail("lists have one order, the newest start first; ORDER BY is not allowed");
    if (!at_end()) fail(described(token_) + " is too much; allowed: AND, OR, or the end");
    return filter;
  }

  Column only_a_name() {
    auto column = name();
    if (!at_end()) fail(described(token_) + " is too much; allowed: one name");
    return column;
  }

 private:
  // --- the grammar

  Filter any_of() {
    const Depth depth(*this);
    std::vector<Filter> parts{all_of()};
    while (take("OR")) parts.push_back(all_of());
    return joined(Test::any_of, std::move(parts));
  }

  Filter all_of() {
    std::vector<Filter> parts{negation()};
    while (take("AND")) parts.push_back(negation());
    return joined(Test::all_of, std::move(parts));
  }

  Filter negation() {
    const Depth depth(*this);
    if (take("NOT")) return negated(negation());
    if (!take_symbol("(")) return comparison();
    auto inner = any_of();
    expect_symbol(")", "closes the parenthesis");
    return inner;
  }

  Filter comparison() {
    const auto column = name();
    if (take("IS")) {
      const bool negative = take("NOT");
      if (!take("NULL")) fail(described(token_) + " after IS; allowed: NULL, NOT NULL");
      return maybe_negated(negative, {.test = Test::is_null, .column = column});
    }
    const bool negative = take("NOT");
    if (take("IN")) return maybe_negated(negative, listed(column));
    if (take("BETWEEN")) return maybe_negated(negative, between(column));
    if (take("STARTS_WITH")) return maybe_negated(negative, starts_with(column));
    if (negative) fail(described(token_) + " after NOT; allowed: IN, BETWEEN, STARTS_WITH");
    return by_operator(column);
  }

  Filter by_operator(const Column& column) {
    static constexpr std::array<std::pair<std::string_view, Test>, 4> kOrders{
        {{"<", Test::less}, {"<=", Test::less_or_equal}, {">", Test::greater}, {">=", Test::greater_or_equal}}};
    if (take_symbol("=")) return equals(column, literal(column));
    if (take_symbol("!=")) return negated(equals(column, literal(column)));
    for (const auto& [symbol, test] : kOrders) {
      if (!token_.is_symbol(symbol)) continue;
      require_order(column);
      advance();
      return ordered(test, column);
    }
    fail(described(token_) + " after " + column_name(column) +
         "; allowed: = != < <= > >=, IN, BETWEEN, STARTS_WITH, IS NULL, IS NOT NULL");
  }

  Filter listed(const Column& column) {
    Filter filter{.test = Test::equals_any, .column = column};
    expect_symbol("(", "opens the list of IN");
    do {
      if (filter.values.size() == kMaxListedValues)
        fail("more than " + std::to_string(kMaxListedValues) + " values of one IN");
      filter.values.push_back(literal(column));
    } while (take_symbol(","));
    expect_symbol(")", "or , goes on");
    return filter;
  }

  Filter between(const Column& column) {
    require_order(column);
    std::vector<Filter> parts{ordered(Test::greater_or_equal, column)};
    if (!take("AND")) fail(described(token_) + " after the first value of BETWEEN; allowed: AND");
    parts.push_back(ordered(Test::less_or_equal, column));
    return {.test = Test::all_of, .parts = std::move(parts)};
  }

  Filter ordered(Test test, const Column& column) {
    const auto position = token_.position;
    auto value = literal(column);
    if (std::holds_alternative<bool>(value))
      throw FilterError(text_, position, "true and false have no order; allowed: = and !=");
    return {.test = test, .column = column, .values = {std::move(value)}};
  }

  Filter starts_with(const Column& column) {
    const auto kind = kind_of(column.field);
    if (token_.kind != Token::Kind::text || (kind != Kind::text && kind != Kind::attribute))
      fail(
          "STARTS_WITH compares texts; allowed: WorkflowId, WorkflowType, TaskQueue, ParentWorkflowId or a search "
          "attribute, and a text in quotes");
    return {.test = Test::starts_with, .column = column, .values = {literal(column)}};
  }

  Column name() {
    const bool quoted = token_.kind == Token::Kind::name;
    if (token_.kind == Token::Kind::text)
      fail(described(token_) + " is a value where a name is needed (odd names stand in back-ticks)");
    if (!quoted && (token_.kind != Token::Kind::word || is_keyword(token_)))
      fail(described(token_) + " where a name is needed; allowed: " + built_in_names() + " or a search attribute");
    if (auto built_in = built_in_column(token_.text)) return advance(), *built_in;
    if (const auto meant = built_in_attribute(token_.text); !meant.empty())
      fail(token_.text == meant ? token_.text + " is not kept; allowed: " + built_in_names() + " or a search attribute"
                                : "there is no " + token_.text + "; allowed: " + std::string(meant));
    if (!is_attribute_name(token_.text))
      fail("no search attribute has such a name; allowed: letters, digits, _ . and -, a letter or _ first");
    Column column{Field::attribute, token_.text};
    advance();
    return column;
  }

  Value literal(const Column& column) {
    auto value = read_literal(text_, token_, column);
    advance();
    return value;
  }

  void require_order(const Column& column) const {
    const auto kind = kind_of(column.field);
    if (kind == Kind::id || kind == Kind::status)
      fail(column_name(column) + " has no order; allowed: = != IN, NOT IN, IS NULL, IS NOT NULL");
  }

  // --- trees

  static Filter joined(Test test, std::vector<Filter> parts) {
    if (parts.size() == 1) return std::move(parts[0]);
    return {.test = test, .parts = std::move(parts)};
  }
  static Filter negated(Filter filter) { return {.test = Test::negation, .parts = {std::move(filter)}}; }
  static Filter maybe_negated(bool negative, Filter filter) {
    return negative ? negated(std::move(filter)) : std::move(filter);
  }

  // --- tokens

  /// Counts how deep the parser is.
  struct Depth {
    explicit Depth(Parser& parser) : of(parser) {
      if (++of.depth_ > 2 * kMaxDepth) of.fail("nested deeper than " + std::to_string(kMaxDepth));
    }
    ~Depth() { --of.depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;
    Parser& of;
  };

  bool at_end() const { return token_.kind == Token::Kind::end; }
  void advance() { token_ = lexer_.next(); }
  bool take(std::string_view keyword) { return token_.is_word(keyword) && (advance(), true); }
  bool take_symbol(std::string_view symbol) { return token_.is_symbol(symbol) && (advance(), true); }
  void expect_symbol(std::string_view symbol, std::string_view why) {
    if (!take_symbol(symbol)) fail(described(token_) + " where " + std::string(symbol) + " " + std::string(why));
  }
  [[noreturn]] void fail(const std::string& problem) const { throw FilterError(text_, token_.position, problem); }

  std::string_view text_;
  Lexer lexer_;
  Token token_;
  int depth_ = 0;
};

void check_text(std::string_view text) {
  if (text.size() > kMaxFilterBytes)
    throw FilterError("has " + std::to_string(text.size()) + " bytes; allowed: at most " +
                      std::to_string(kMaxFilterBytes));
  if (!is_valid_utf8(text)) throw FilterError("is not valid UTF-8");
  if (const auto nul = text.find('\0'); nul != std::string_view::npos)
    throw FilterError("holds a NUL byte, at byte " + std::to_string(nul + 1));
}

}  // namespace

Filter parse_filter(std::string_view text) {
  check_text(text);
  return Parser(text).whole();
}

Column parse_group_by(std::string_view text) {
  check_text(text);
  auto column = Parser(text).only_a_name();
  switch (column.field) {
    case Field::execution_status:
    case Field::workflow_type:
    case Field::task_queue:
    case Field::attribute: return column;
    default: break;
  }
  throw FilterError(text, 0,
                    "runs are not counted by " + column_name(column) +
                        "; allowed: ExecutionStatus, WorkflowType, TaskQueue, ScheduleId or a search attribute");
}

}  // namespace holdfast::visibility
