#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::visibility {

struct Token {
  enum class Kind : std::uint8_t {
    word,  ///< a keyword or a name
    name,  ///< in back-ticks
    text,  ///< in quotes
    number,
    symbol,  ///< = != < <= > >= ( ) ,
    end,
  };
  Kind kind = Kind::end;
  std::string text;          ///< without quotes
  std::size_t position = 0;  ///< of its first byte

  /// Is it this keyword, in whatever case?
  bool is_word(std::string_view keyword) const;
  bool is_symbol(std::string_view symbol) const { return kind == Kind::symbol && text == symbol; }
};

/// Cuts a filter into tokens. Throws FilterError. The text must outlive it, and is valid UTF-8 without NUL.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  Token next();

 private:
  Token quoted(char quote, Token::Kind kind);
  Token number();
  Token symbol();

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace holdfast::visibility
