#include <activities/vendors/keyword_insight_writer.hpp>

#include <activities/vendors/json_reader.hpp>
#include <activities/vendors/text.hpp>
#include <activities/vendors/words.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace platform::vendors {
namespace {

constexpr const char* kModel = "local-keywords-1";
constexpr std::size_t kTitleWords = 5;

/// The texts of a JSON document in their order, as one line; other content as it is.
void collect_texts(const boost::json::value& value, std::string& out) {
  if (value.is_string()) {
    if (!out.empty()) out += out.ends_with('.') ? " " : ". ";
    out += std::string_view(value.get_string());
  } else if (const auto* array = value.if_array()) {
    for (const auto& each : *array) collect_texts(each, out);
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object) collect_texts(member.value(), out);
  }
}

std::string text_of(const std::string& content) {
  if (const auto document = parse_json(content)) {
    std::string out;
    collect_texts(*document, out);
    if (!out.empty()) return out;
  }
  return content;
}

/// Whether all words of `name` occur side by side.
bool mentions(const std::vector<std::string>& words, const std::string& name) {
  const auto wanted = subject_words(name);
  return !wanted.empty() && !std::ranges::search(words, wanted).empty();
}

/// The words that most samples share, in the order of the first one that has them.
std::string shared_words(const std::vector<std::string>& samples) {
  std::map<std::string, std::size_t> counts;
  for (const auto& sample : samples) {
    const auto words = subject_words(sample);
    for (const auto& word : std::set(words.begin(), words.end())) ++counts[word];
  }
  std::string out;
  std::size_t used = 0;
  for (const auto& word : subject_words(samples.front())) {
    auto& count = counts[word];
    if (count * 2 <= samples.size() || used == kTitleWords) continue;
    count = 0;  // not twice
    out += (used++ == 0 ? "" : " ") + word;
  }
  return out;
}

}  // namespace

DescribedInteraction KeywordInsightWriter::describe(const ObservedInteraction& interaction) {
  DescribedInteraction out{.model = kModel};
  const auto text = text_of(interaction.content);
  out.description = text_prefix(text, kMostDescriptionBytes);
  if (out.description.empty()) out.description = "(" + interaction.source + ")";
  const auto words = subject_words(text);
  for (const auto& product : interaction.business.products)
    if (mentions(words, product)) out.products.push_back(product);
  return out;
}

DescribedPattern KeywordInsightWriter::describe(const PatternEvidence& pattern) {
  DescribedPattern out{.model = kModel};
  if (pattern.samples.empty()) {
    out.title = "(no text)";
    return out;
  }
  out.title = text_prefix(shared_words(pattern.samples), kMostTitleBytes);
  if (out.title.empty()) out.title = text_prefix(pattern.samples.front(), kMostTitleBytes);
  if (out.title.empty()) out.title = "(no text)";
  out.description =
      text_prefix(std::to_string(pattern.members) + " interactions, for example: " + pattern.samples.front(),
                  kMostDescriptionBytes);
  return out;
}

}  // namespace platform::vendors
