#include <holdfast/visibility/lexer.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include <holdfast/visibility/errors.hpp>

namespace holdfast::visibility {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '.'; }

std::string printable(char c) { return c >= ' ' && c < 127 ? std::string("'") + c + "'" : "this character"; }

}  // namespace

bool Token::is_word(std::string_view keyword) const {
  return kind == Kind::word && std::ranges::equal(text, keyword, [](char a, char b) { return (a & ~0x20) == b; });
}

Token Lexer::next() {
  at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
  if (at_ == text_.size()) return {Token::Kind::end, "", at_};
  const char c = text_[at_];
  if (c == '\'' || c == '"') return quoted(c, Token::Kind::text);
  if (c == '`') return quoted(c, Token::Kind::name);
  if (is_digit(c) || c == '-') return number();
  if (!is_letter(c)) return symbol();
  const auto begin = text_.begin() + static_cast<std::ptrdiff_t>(at_);
  const auto end = std::find_if_not(begin, text_.end(), is_word);
  const auto start = std::exchange(at_, at_ + static_cast<std::size_t>(end - begin));
  return {Token::Kind::word, std::string(begin, end), start};
}

/// A quote within is written twice.
Token Lexer::quoted(char quote, Token::Kind kind) {
  Token token{kind, "", at_};
  for (++at_; at_ < text_.size(); ++at_) {
    if (text_[at_] == quote) {
      if (at_ + 1 == text_.size() || text_[at_ + 1] != quote) return ++at_, token;
      ++at_;
    }
    token.text += text_[at_];
  }
  throw FilterError(text_, token.position, std::string("no ") + quote + " ends this");
}

Token Lexer::number() {
  const auto start = at_;
  // Letters too, so that 12abc is one wrong number and not a number beside a name.
  const auto in_number = [](char c) { return is_word(c) || c == '+' || c == '-'; };
  while (at_ < text_.size() && in_number(text_[at_])) ++at_;
  return {Token::Kind::number, std::string(text_.substr(start, at_ - start)), start};
}

Token Lexer::symbol() {
  constexpr std::array<std::string_view, 11> kSymbols{"!=", "<>", "<=", ">=", "==", "=", "<", ">", "(", ")", ","};
  for (const auto symbol : kSymbols) {
    if (!text_.substr(at_).starts_with(symbol)) continue;
    const auto start = std::exchange(at_, at_ + symbol.size());
    return {Token::Kind::symbol, symbol == "<>" ? "!=" : symbol == "==" ? "=" : std::string(symbol), start};
  }
  throw FilterError(text_, at_,
                    printable(text_[at_]) +
                        " means nothing here; allowed: names, values in quotes, numbers, ( ) , and " +
                        "the operators = != < <= > >=");
}

}  // namespace holdfast::visibility
