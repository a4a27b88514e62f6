#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace platform::vendors {

/// Something that somebody promised or asked for in a call. All texts are valid UTF-8 without NUL.
struct ActionItem {
  std::string text{};
  std::string kind{};  ///< one of kActionKinds
  std::string due{};   ///< as it was said, "tomorrow at ten"; may be empty
  bool operator==(const ActionItem&) const = default;
};

inline constexpr const char* kActionKinds[] = {"callback", "appointment",  "send_information", "complaint",
                                               "order",    "cancellation", "follow_up",        "other"};
inline constexpr std::size_t kMostActionItems = 50;
inline constexpr std::size_t kMostActionTextBytes = 1000;

struct CallText {
  std::string transcript{};  ///< lines like "User: …" and "AI: …"
  std::string summary{};     ///< may be empty
};

struct ExtractedActions {
  std::vector<ActionItem> items{};  ///< at most kMostActionItems, in the order of the call
  std::string model{};              ///< what found them
  std::int64_t prompt_tokens = 0;   ///< 0 for the local extractor
  std::int64_t completion_tokens = 0;
};

/// Finds the action items of a call. Thread-safe. Failures are VendorError: `refused` and `blocked` (permanent),
/// `truncated` (permanent: also with the larger limit), `bad_answer` (retry), or what HTTP says.
class ActionItemExtractor {
 public:
  virtual ~ActionItemExtractor() = default;
  virtual ExtractedActions extract(const CallText& call) = 0;
};

}  // namespace platform::vendors
