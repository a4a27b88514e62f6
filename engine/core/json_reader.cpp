#include <holdfast/core/json_reader.hpp>

#include <cstring>

#include <holdfast/core/json_text.hpp>

namespace holdfast {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101u;
constexpr std::uint64_t kHighs = 0x8080808080808080u;

/// Not zero if a byte of `word` is '"', '\\' or a control character.
std::uint64_t special_bytes(std::uint64_t word) {
  const auto zero_bytes = [](std::uint64_t x) { return (x - kOnes) & ~x & kHighs; };
  return zero_bytes(word ^ kOnes * '"') | zero_bytes(word ^ kOnes * '\\') | ((word - kOnes * 0x20) & ~word & kHighs);
}

bool is_special(char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }

/// Skips ordinary string characters, eight at a time.
const char* skip_ordinary(const char* at, const char* end) {
  while (end - at >= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    if (special_bytes(word) != 0) break;
    at += 8;
  }
  while (at != end && !is_special(*at)) ++at;
  return at;
}

unsigned hex4(const char* at) {
  unsigned value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = at[i];
    value = value << 4 | static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return value;
}

void append_utf8(std::string& out, unsigned code) {
  const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xE0 | code >> 12);
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
    }
    put(0x80 | (code >> 6 & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

/// The code point of the \u escape at `at` (behind the 'u'; already checked), and moves behind it.
unsigned unicode_escape(const char*& at, const char* end) {
  constexpr unsigned kReplacement = 0xFFFD;
  const unsigned first = hex4(at);
  at += 4;
  if (first < 0xD800 || first > 0xDFFF) return first;
  if (first > 0xDBFF || end - at < 6 || at[0] != '\\' || at[1] != 'u') return kReplacement;
  const unsigned second = hex4(at + 2);
  if (second < 0xDC00 || second > 0xDFFF) return kReplacement;
  at += 6;
  return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
}

/// Decodes a string's text whose syntax was checked.
std::string unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const char* at = text.data();
  const char* end = at + text.size();
  while (at != end) {
    const char* stop = skip_ordinary(at, end);
    out.append(at, stop);
    at = stop;
    if (at == end) break;
    const char c = at[1];
    at += 2;
    switch (c) {
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'u': append_utf8(out, unicode_escape(at, end)); break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace

bool is_valid_json(std::string_view text) {
  if (!is_valid_utf8(text)) return false;
  try {
    JsonReader reader(text);
    reader.skip();
    reader.end();
    return true;
  } catch (const HistoryError&) {
    return false;
  }
}

bool is_valid_json_object(std::string_view text) {
  const auto first = text.find_first_not_of(" \n\r\t");
  return first != std::string_view::npos && text[first] == '{' && is_valid_json(text);
}

void JsonReader::fail(std::string_view expected) const {
  throw HistoryError("malformed JSON at byte " + std::to_string(at_ - begin_) + ": expected " + std::string(expected));
}

std::string_view JsonReader::quoted(bool& escaped) {
  expect('"', "a string");
  const char* start = at_;
  escaped = false;
  for (;;) {
    at_ = skip_ordinary(at_, end_);
    if (at_ == end_) fail("the end of a string");
    if (*at_ == '"') return {start, at_++};
    if (*at_ != '\\') fail("no bare control character in a string");
    escaped = true;
    escape();
  }
}

void JsonReader::escape() {
  ++at_;
  switch (peek()) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't': ++at_; return;
    case 'u':
      ++at_;
      for (int i = 0; i < 4; ++i, ++at_) {
        const char c = peek();
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) fail("four hex digits");
      }
      return;
    default: fail("an escape sequence");
  }
}

std::string_view JsonReader::key() {
  bool escaped = false;
  std::string_view text = quoted(escaped);
  if (escaped) text = key_ = unescape(text);
  space();
  expect(':', "':'");
  return text;
}

std::string JsonReader::string() {
  space();
  bool escaped = false;
  const std::string_view text = quoted(escaped);
  return escaped ? unescape(text) : std::string(text);
}

std::int64_t JsonReader::integer() {
  space();
  const bool negative = take('-');
  if (peek() < '0' || peek() > '9') fail("an integer");
  std::uint64_t value = 0;
  const char* start = at_;
  for (; peek() >= '0' && peek() <= '9'; ++at_) {
    value = value * 10 + static_cast<unsigned>(*at_ - '0');
    if (at_ - start >= 19 || value > (std::uint64_t{1} << 63) - (negative ? 0 : 1)) fail("an integer of 64 bits");
  }
  if ((*start == '0' && at_ - start > 1) || peek() == '.' || peek() == 'e' || peek() == 'E') fail("an integer");
  return static_cast<std::int64_t>(negative ? 0 - value : value);
}

bool JsonReader::boolean() {
  space();
  const bool value = peek() == 't';
  literal(value ? "true" : "false");
  return value;
}

bool JsonReader::null() {
  space();
  if (peek() != 'n') return false;
  literal("null");
  return true;
}

void JsonReader::end() {
  space();
  if (at_ != end_) fail("the end");
}

void JsonReader::literal(std::string_view word) {
  if (std::string_view(at_, static_cast<std::size_t>(end_ - at_)).substr(0, word.size()) != word) fail("a value");
  at_ += word.size();
}

bool JsonReader::digits() {
  const char* start = at_;
  while (peek() >= '0' && peek() <= '9') ++at_;
  return at_ != start;
}

void JsonReader::number() {
  take('-');
  if (!take('0') && !digits()) fail("a value");
  if (take('.') && !digits()) fail("digits");
  if (take('e') || take('E')) {
    if (!take('+')) take('-');
    if (!digits()) fail("digits");
  }
}

void JsonReader::scalar() {
  switch (peek()) {
    case '"': {
      bool escaped = false;
      quoted(escaped);
      return;
    }
    case 't': return literal("true");
    case 'f': return literal("false");
    case 'n': return literal("null");
    default: number();
  }
}

/// Skips an object or array. A stack of open brackets instead of recursion: nobody's payload overflows ours.
void JsonReader::container() {
  std::string open;
  for (;;) {
    space();
    bool value_done = true;
    if (take('{')) {
      open += '}';
      space();
      if (peek() != '}') {
        key();
        value_done = false;
      }
    } else if (take('[')) {
      open += ']';
      space();
      value_done = peek() == ']';
    } else {
      scalar();
      space();
    }
    // Behind a value, or in front of the bracket that closes an empty container.
    while (value_done) {
      if (take(open.back())) {
        open.pop_back();
        if (open.empty()) return;
        space();
        continue;
      }
      expect(',', "',' or a closing bracket");
      if (open.back() == '}') {
        space();
        key();
      }
      value_done = false;
    }
  }
}

std::string_view JsonReader::raw() {
  space();
  const char* start = at_;
  if (peek() == '{' || peek() == '[') {
    container();
  } else {
    scalar();
  }
  return {start, at_};
}

}  // namespace holdfast
