#include <activities/vendors/keyword_action_item_extractor.hpp>

#include <activities/vendors/text.hpp>

#include <holdfast/http/signature/header_list.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace platform::vendors {
namespace {

using holdfast::http::trimmed;

struct Phrase {
  std::string_view words;
  std::string_view kind;
};

// The first phrase that a sentence contains decides; special ones stand before general ones.
constexpr std::array kPhrases{
    Phrase{"call me back", "callback"},
    Phrase{"call you back", "callback"},
    Phrase{"call back", "callback"},
    Phrase{"give me a call", "callback"},
    Phrase{"give you a call", "callback"},
    Phrase{"ring me", "callback"},
    Phrase{"cancel", "cancellation"},
    Phrase{"refund", "complaint"},
    Phrase{"complain", "complaint"},
    Phrase{"not happy", "complaint"},
    Phrase{"reschedule", "appointment"},
    Phrase{"appointment", "appointment"},
    Phrase{"schedule", "appointment"},
    Phrase{"book", "appointment"},
    Phrase{"reservation", "appointment"},
    Phrase{"email me", "send_information"},
    Phrase{"e-mail me", "send_information"},
    Phrase{"text me", "send_information"},
    Phrase{"send me", "send_information"},
    Phrase{"send you", "send_information"},
    Phrase{"email you", "send_information"},
    Phrase{"order", "order"},
    Phrase{"follow up", "follow_up"},
    Phrase{"get back to", "follow_up"},
    Phrase{"let me know", "follow_up"},
    Phrase{"i need", "other"},
    Phrase{"could you", "other"},
    Phrase{"can you please", "other"},
    Phrase{"please make sure", "other"},
    Phrase{"remind", "other"},
};

constexpr std::array<std::string_view, 11> kDays{"today",    "tonight", "tomorrow", "monday", "tuesday", "wednesday",
                                                 "thursday", "friday",  "saturday", "sunday", "week"};
constexpr std::array<std::string_view, 4> kBeforeDay{"next", "this", "by", "on"};
constexpr std::array<std::string_view, 22> kAfterDay{
    "at",  "by",  "before", "after", "around", "morning", "afternoon", "evening", "noon", "am",  "pm",
    "one", "two", "three",  "four",  "five",   "six",     "seven",     "eight",   "nine", "ten", "o'clock"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
}

/// True if `words` occurs at the start of a word: "book" is found in "booking", but not in "facebook".
bool contains_phrase(std::string_view text, std::string_view words) {
  for (auto at = text.find(words); at != std::string_view::npos; at = text.find(words, at + 1)) {
    if (at == 0 || !is_word_character(text[at - 1])) return true;
  }
  return false;
}

struct Word {
  std::size_t begin;
  std::size_t end;
};

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  for (std::size_t i = 0; i < text.size();) {
    const auto begin = std::min(text.find_first_not_of(" \t,;", i), text.size());
    const auto end = std::min(text.find_first_of(" \t,;", begin), text.size());
    if (end > begin) words.push_back({begin, end});
    i = end + 1;
  }
  return words;
}

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

/// The words around the first day that is named: "next Monday at 10".
std::string due_of(std::string_view sentence) {
  const auto text = lower(sentence);
  const auto words = words_of(text);
  const auto word = [&](std::size_t i) {
    return std::string_view(text).substr(words[i].begin, words[i].end - words[i].begin);
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!is_one_of(kDays, word(i))) continue;
    std::size_t first = i;
    std::size_t last = i;
    while (first > 0 && is_one_of(kBeforeDay, word(first - 1))) --first;
    const auto continues = [&](std::string_view w) { return is_one_of(kAfterDay, w) || (w[0] >= '0' && w[0] <= '9'); };
    while (last + 1 < words.size() && continues(word(last + 1))) ++last;
    return std::string(sentence.substr(words[first].begin, words[last].end - words[first].begin));
  }
  return {};
}

/// Without the speaker ("User: ") in front.
std::string_view spoken(std::string_view line) {
  const auto colon = line.find(": ");
  const bool is_speaker = colon != std::string_view::npos && colon <= 20 && line.find(' ') >= colon;
  return trimmed(is_speaker ? line.substr(colon + 2) : line);
}

template <typename Use>
void for_each_sentence(std::string_view text, Use use) {
  while (!text.empty()) {
    const auto line_end = std::min(text.find('\n'), text.size());
    auto line = spoken(trimmed(text.substr(0, line_end)));
    while (!line.empty()) {
      // A full stop inside a word ("10.30", "a.m.") ends nothing.
      auto end = line.find_first_of(".!?");
      while (end != std::string_view::npos && end + 1 < line.size() && line[end + 1] != ' ') {
        end = line.find_first_of(".!?", end + 1);
      }
      const auto sentence = trimmed(line.substr(0, end));
      if (!sentence.empty()) use(sentence);
      line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
    }
    text.remove_prefix(std::min(line_end + 1, text.size()));
  }
}

}  // namespace

ExtractedActions KeywordActionItemExtractor::extract(const CallText& call) {
  ExtractedActions out{.model = "local-keywords-1"};
  for_each_sentence(call.transcript, [&](std::string_view sentence) {
    if (out.items.size() == kMostActionItems) return;
    const auto text = lower(sentence);
    const auto phrase = std::ranges::find_if(kPhrases, [&](const Phrase& p) { return contains_phrase(text, p.words); });
    if (phrase == kPhrases.end()) return;
    ActionItem item{.text = text_prefix(sentence, kMostActionTextBytes),
                    .kind = std::string(phrase->kind),
                    .due = text_prefix(due_of(sentence), kMostActionTextBytes)};
    if (std::ranges::find(out.items, item) == out.items.end()) out.items.push_back(std::move(item));
  });
  return out;
}

}  // namespace platform::vendors
