#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include <holdfast/core/history_error.hpp>

namespace holdfast {

/// True if `text` is exactly one JSON value (RFC 8259) in well-formed UTF-8. Nesting is not limited.
bool is_valid_json(std::string_view text);
/// The same, and the value is an object.
bool is_valid_json_object(std::string_view text);

/// Walks through JSON text from left to right without building a tree, so that payloads are sliced, not parsed.
/// Strict about syntax, except that it does not check UTF-8. Throws HistoryError that names the byte. The text must
/// outlive the reader and what it returns. Copying it saves a position.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {}

  /// Calls `on_member(key)` per member with the reader at its value, which it must consume with one of the verbs
  /// below. Stops early if it returns false (then the reader is not usable any more). `key` lives until that call.
  template <class OnMember>
  void object(OnMember&& on_member);
  /// Calls `on_element()` per element, which must consume it.
  template <class OnElement>
  void array(OnElement&& on_element);

  std::string string();
  std::int64_t integer();
  bool boolean();
  /// Consumes a null, if one is next.
  bool null();
  /// The text of the next value, whatever it is.
  std::string_view raw();
  void skip() { raw(); }
  /// Requires that only white space is left.
  void end();

  [[noreturn]] void fail(std::string_view expected) const;

 private:
  char peek() const { return at_ == end_ ? '\0' : *at_; }
  void space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  void expect(char c, std::string_view what) {
    if (!take(c)) fail(what);
  }
  /// A string's text between the quotes, checked; `escaped` tells whether it holds escapes.
  std::string_view quoted(bool& escaped);
  std::string_view key();
  void escape();
  void scalar();
  void number();
  void literal(std::string_view word);
  void container();
  bool digits();

  const char* begin_;
  const char* at_;
  const char* end_;
  std::string key_;  ///< a key that had escapes
};

template <class OnMember>
void JsonReader::object(OnMember&& on_member) {
  space();
  expect('{', "an object");
  space();
  if (take('}')) return;
  for (;;) {
    if constexpr (std::is_same_v<decltype(on_member(std::string_view())), bool>) {
      if (!on_member(key())) return;
    } else {
      on_member(key());
    }
    space();
    if (take('}')) return;
    expect(',', "',' or '}'");
    space();
  }
}

template <class OnElement>
void JsonReader::array(OnElement&& on_element) {
  space();
  expect('[', "an array");
  space();
  if (take(']')) return;
  for (;;) {
    on_element();
    space();
    if (take(']')) return;
    expect(',', "',' or ']'");
  }
}

}  // namespace holdfast
