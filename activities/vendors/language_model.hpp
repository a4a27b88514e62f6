#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <activities/vendors/vendor_error.hpp>

namespace platform::vendors {

/// A question whose answer is JSON of a given shape.
struct ModelQuestion {
  std::string name{};           ///< of the shape, for example "action_items"
  std::string instructions{};   ///< what the model is to do; ours, trusted
  std::string text{};           ///< what it is to work on; anybody's, marked as data
  boost::json::value schema{};  ///< JSON Schema in the strict subset that OpenAI takes: every property is required
};

struct ModelAnswer {
  std::string text{};   ///< should be JSON of the schema; models that are not strict may break it
  std::string model{};  ///< what answered; at most 100 bytes
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
};

/// A language model behind an HTTP interface. Thread-safe. Failures are VendorError: `refused` and `blocked`
/// (permanent), `truncated` (permanent: also with the larger limit), `bad_answer` (retry), or what HTTP says. Repeating
/// a question costs tokens and nothing else.
class LanguageModel {
 public:
  virtual ~LanguageModel() = default;
  virtual ModelAnswer ask(const ModelQuestion& question) = 0;
  /// "openai" or "gemini", for errors.
  virtual std::string_view vendor() const = 0;
};

/// Thrown when a model's answer is not what was asked for; the next one may be.
[[noreturn]] void throw_bad_answer(std::string_view vendor, std::string_view what);

/// Asks, and reads the answer with `parse` (text to std::optional<T>; nothing: not JSON of the schema).
template <class Parse>
auto ask_for(LanguageModel& model, const ModelQuestion& question, const Parse& parse) {
  auto answer = model.ask(question);
  auto parsed = parse(answer.text);
  if (!parsed) throw_bad_answer(model.vendor(), "the answer is not JSON of the schema");
  return std::pair(*std::move(parsed), std::move(answer));
}

/// JSON Schema of an object with these members, in the strict subset that OpenAI takes.
boost::json::value object_schema(boost::json::object properties);
boost::json::value array_schema(boost::json::value items);
boost::json::value string_schema();

}  // namespace platform::vendors
