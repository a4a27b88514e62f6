#include <holdfast/schedule/field.hpp>

#include <array>
#include <bit>
#include <charconv>

#include <holdfast/schedule/errors.hpp>

namespace holdfast::schedule {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                   "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> kDays{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

bool equal_letters(std::string_view text, std::string_view upper) {
  if (text.size() != upper.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'a' && text[i] <= 'z' ? static_cast<char>(text[i] - 'a' + 'A') : text[i];
    if (c != upper[i]) return false;
  }
  return true;
}

int read_number(std::string_view text) {
  int number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && text.front() != '-' ? number : -1;
}

}  // namespace

const FieldKind kSecond{"second", 0, 59, {}};
const FieldKind kMinute{"minute", 0, 59, {}};
const FieldKind kHour{"hour", 0, 23, {}};
const FieldKind kDayOfMonth{"day_of_month", 1, 31, {}};
const FieldKind kMonth{"month", 1, 12, kMonths};
const FieldKind kYear{"year", 1970, 2100, {}};
const FieldKind kDayOfWeek{"day_of_week", 0, 7, kDays};

int FieldSet::next(int position) const {
  for (int word = position / 64; word < kBits / 64; ++word, position = word * 64) {
    const std::uint64_t rest = words_[word] >> (position % 64);
    if (rest != 0) return position + std::countr_zero(rest);
  }
  return -1;
}

bool FieldSet::is_full(int count) const {
  for (int i = 0; i < count; ++i)
    if (!has(i)) return false;
  return true;
}

int read_value(const FieldKind& kind, std::string_view text) {
  if (text.empty()) return -1;
  for (std::size_t i = 0; i < kind.names.size(); ++i)
    if (equal_letters(text, kind.names[i])) return kind.least + static_cast<int>(i);
  const int number = read_number(text);
  return number >= kind.least && number <= kind.most ? number : -1;
}

void reject_field(const FieldKind& kind, const std::string& where, std::string_view whole) {
  std::string allowed = std::to_string(kind.least) + " to " + std::to_string(kind.most);
  if (!kind.names.empty()) allowed += ", " + std::string(kind.names.front()) + " to " + std::string(kind.names.back());
  allowed += ", as *, 1, 1-5, */2, 1-9/2 or a list of these with commas";
  if (&kind == &kDayOfMonth) allowed += "; also L and L-1 to L-30";
  if (&kind == &kDayOfWeek) allowed += "; also MON#1 to MON#5 and MON#L";
  reject(where + kind.name, whole, allowed);
}

void read_element(FieldSet& set, const FieldKind& kind, std::string_view element, const std::string& where,
                  std::string_view whole) {
  const auto slash = element.find('/');
  const std::string_view range = element.substr(0, slash);
  int step = 1;
  if (slash != std::string_view::npos) {
    const auto text = element.substr(slash + 1);
    step = text.empty() ? -1 : read_number(text);
    if (step < 1 || step > kind.most) reject_field(kind, where, whole);
  }
  int first = kind.least, last = kind.most;
  if (&kind == &kDayOfWeek) last = 6;  // 7 is Sunday once more
  if (range != "*" && range != "?") {
    const auto dash = range.find('-');
    first = read_value(kind, range.substr(0, dash));
    if (dash != std::string_view::npos)
      last = read_value(kind, range.substr(dash + 1));
    else if (slash == std::string_view::npos)
      last = first;
    if (first < 0 || last < first) reject_field(kind, where, whole);
  }
  for (int value = first; value <= last; value += step) set.add(&kind == &kDayOfWeek ? value % 7 : value - kind.least);
}

}  // namespace holdfast::schedule
