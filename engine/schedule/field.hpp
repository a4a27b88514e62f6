#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace holdfast::schedule {

/// One field of a calendar: its bounds, and the names that stand for numbers.
struct FieldKind {
  const char* name;
  int least, most;
  std::span<const std::string_view> names;  ///< names[i] stands for least + i
};
extern const FieldKind kSecond, kMinute, kHour, kDayOfMonth, kMonth, kYear, kDayOfWeek;

/// The numbers that a field allows, as bits above the kind's `least`.
class FieldSet {
 public:
  static constexpr int kBits = 192;
  void add(int position) { words_[position / 64] |= std::uint64_t{1} << (position % 64); }
  bool has(int position) const {
    return position >= 0 && position < kBits && (words_[position / 64] >> (position % 64) & 1);
  }
  /// The first member at `position` or behind it; -1: none.
  int next(int position) const;
  bool is_full(int count) const;

 private:
  std::uint64_t words_[kBits / 64] = {};
};

/// Reads one element of a list (`*`, `7`, `1-5`, `*/15`, `8/2`, `MON-FRI`) into `set`. Throws SpecError: the field of
/// the message is `<where><kind.name>`, its value is `whole`.
void read_element(FieldSet& set, const FieldKind& kind, std::string_view element, const std::string& where,
                  std::string_view whole);

/// A number or a name of the kind; -1: neither, or out of bounds.
int read_value(const FieldKind& kind, std::string_view text);

/// Throws the SpecError of this field.
[[noreturn]] void reject_field(const FieldKind& kind, const std::string& where, std::string_view whole);

/// Calls use(element) for each part between commas; a list with an empty part is given as that empty part.
template <class Use>
void for_each_element(std::string_view list, Use use) {
  for (;;) {
    const auto comma = list.find(',');
    use(list.substr(0, comma));
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace holdfast::schedule
