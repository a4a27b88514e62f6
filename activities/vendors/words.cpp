#include <activities/vendors/words.hpp>

#include <algorithm>
#include <array>

namespace platform::vendors {
namespace {

/// Words that say nothing about the subject. Sorted.
constexpr std::array<std::string_view, 110> kStopWords{
    "a",     "about",    "after",   "again", "ai",    "all",   "also",   "am",   "an",   "and",    "another",
    "any",   "are",      "as",      "asked", "at",    "be",    "been",   "but",  "by",   "call",   "can",
    "could", "customer", "did",     "do",    "does",  "for",   "from",   "get",  "had",  "has",    "have",
    "he",    "hello",    "help",    "her",   "here",  "hi",    "him",    "his",  "how",  "i",      "if",
    "in",    "is",       "it",      "its",   "just",  "like",  "me",     "more", "my",   "no",     "not",
    "now",   "of",       "ok",      "on",    "one",   "or",    "our",    "out",  "over", "please", "said",
    "she",   "so",       "some",    "still", "than",  "thank", "thanks", "that", "the",  "their",  "them",
    "then",  "there",    "they",    "this",  "time",  "to",    "today",  "too",  "two",  "up",     "us",
    "user",  "very",     "visitor", "want",  "wants", "was",   "we",     "were", "what", "when",   "where",
    "which", "while",    "who",     "why",   "will",  "with",  "would",  "yes",  "yet",  "you",    "your"};
static_assert(std::ranges::is_sorted(kStopWords));

bool is_stop_word(std::string_view word) { return std::ranges::binary_search(kStopWords, word); }

bool is_letter(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80; }

}  // namespace

std::vector<std::string> subject_words(std::string_view text) {
  std::vector<std::string> words(1);
  for (unsigned char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<unsigned char>(c - 'A' + 'a');
    if (is_letter(c))
      words.back() += static_cast<char>(c);
    else if (!words.back().empty())
      words.emplace_back();
  }
  if (words.back().empty()) words.pop_back();
  std::erase_if(words, is_stop_word);
  return words;
}

}  // namespace platform::vendors
