#include <holdfast/schedule/cron.hpp>

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include <holdfast/schedule/errors.hpp>

namespace holdfast::schedule {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kNicknames{{{"@yearly", "0 0 1 1 *"},
                                                                                   {"@annually", "0 0 1 1 *"},
                                                                                   {"@monthly", "0 0 1 * *"},
                                                                                   {"@weekly", "0 0 * * 0"},
                                                                                   {"@daily", "0 0 * * *"},
                                                                                   {"@midnight", "0 0 * * *"},
                                                                                   {"@hourly", "0 * * * *"}}};

[[noreturn]] void reject_cron(const std::string& where, std::string_view text) {
  reject(where, text,
         "5 fields (minute hour day-of-month month day-of-week), 6 (with the year at the end), 7 (with the second in "
         "front as well), @yearly, @monthly, @weekly, @daily, @hourly, or @every <length>[/<phase>]; "
         "CRON_TZ=<zone> may stand in front");
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (;;) {
    const auto begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return words;
    text.remove_prefix(begin);
    const auto length = std::min(text.find_first_of(kBlanks), text.size());
    words.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
}

CalendarSpec calendar_of(std::vector<std::string> words) {
  CalendarSpec out;
  std::size_t at = 0;
  if (words.size() == 7) out.second = std::move(words[at++]);
  out.minute = std::move(words[at++]);
  out.hour = std::move(words[at++]);
  out.day_of_month = std::move(words[at++]);
  out.month = std::move(words[at++]);
  out.day_of_week = std::move(words[at++]);
  if (at < words.size()) out.year = std::move(words[at]);
  return out;
}

}  // namespace

Cron parse_cron(const std::string& text, const std::string& where) {
  if (text.size() > 1000) reject_cron(where, text);
  Cron out;
  // A comment ends the string, as in a crontab; the # of a weekday (MON#1) has no blank in front.
  std::string_view rest = text;
  for (auto hash = rest.find('#'); hash != std::string_view::npos; hash = rest.find('#', hash + 1))
    if (hash == 0 || kBlanks.find(rest[hash - 1]) != std::string_view::npos) rest = rest.substr(0, hash);
  auto words = words_of(rest);
  for (const std::string_view prefix : {"CRON_TZ=", "TZ="}) {
    if (words.empty() || !words[0].starts_with(prefix)) continue;
    out.time_zone = words[0].substr(prefix.size());
    if (out.time_zone.empty()) reject_cron(where, text);
    words.erase(words.begin());
    break;
  }
  if (words.size() == 2 && words[0] == "@every") {
    const auto slash = words[1].find('/');
    out.interval = IntervalSpec{.every = words[1].substr(0, slash)};
    if (slash != std::string::npos) out.interval->phase = words[1].substr(slash + 1);
    return out;
  }
  if (words.size() == 1) {
    for (const auto& [name, fields] : kNicknames)
      if (words[0] == name) return out.calendar = calendar_of(words_of(fields)), out;
  }
  if (words.size() < 5 || words.size() > 7) reject_cron(where, text);
  out.calendar = calendar_of(std::move(words));
  return out;
}

}  // namespace holdfast::schedule
