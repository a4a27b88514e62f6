#include <activities/traffic/dialogue.hpp>

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

namespace platform::traffic {
namespace {

struct Turn {
  std::string_view user, assistant;
};

/// One reason to call: how it opens, what is said about it, and how a person would sum it up. {n} is a number.
struct Scenario {
  std::string_view opening, summary;
  std::array<Turn, 4> turns;
};

constexpr std::array kScenarios{
    Scenario{
        "I would like to book an appointment for next week.",
        "The caller wants an appointment next week and asked for a confirmation.",
        {{{"Tuesday would be best, in the morning if you can.", "On Tuesday there is a free slot at {n} past nine."},
          {"Could you send me a confirmation by e-mail?", "Of course, I will send the confirmation right away."},
          {"Is there anything that I should bring?", "Please bring your insurance card and the referral number {n}."},
          {"And if I have to cancel?", "You can cancel up to a day before, by phone or by e-mail."}}}},
    Scenario{"I am calling about invoice number {n}, the amount is wrong.",
             "The caller disputes the amount of an invoice and wants to be called back.",
             {{{"I was charged twice for the same visit.", "I am sorry about that, I see two entries on the account."},
               {"Please call me back when it is corrected.", "I have noted that, someone calls you back tomorrow."},
               {"How long will the refund take?", "It usually takes {n} business days at most."},
               {"I want to speak to the manager about it.", "I will pass your number on to the manager."}}}},
    Scenario{"The technician was supposed to be here an hour ago.",
             "The caller waits for a technician and asked when he arrives.",
             {{{"When does he arrive? I have to leave at {n}.", "The technician is on his way and should arrive soon."},
               {"Does he bring the spare part?", "Yes, the spare part with the number {n} is in his car."},
               {"Can he call me before he comes?", "I will ask him to call you back in a few minutes."},
               {"This is the second time that it happens.", "I understand, and I will note it as a complaint."}}}},
    Scenario{"I want to order {n} more units of the filter.",
             "The caller placed an order and asked for the price list.",
             {{{"The same address as last time.", "The order goes to the same address, thank you."},
               {"Could you send me the current price list?", "I will send the price list by e-mail today."},
               {"When will they be delivered?", "They are delivered within {n} days."},
               {"Do you still have the larger size?", "The larger size is in stock again since Monday."}}}},
    Scenario{
        "I would like to cancel my subscription.",
        "The caller wants to cancel a subscription and gave the contract number.",
        {{{"The contract number is {n}.", "Thank you, I have found the contract."},
          {"From the end of the month, please.", "It is cancelled from the end of the month."},
          {"Will I get a written confirmation?", "Yes, the confirmation comes by mail within {n} days."},
          {"No, there is nothing that would change my mind.", "I understand. Thank you for having been with us."}}}},
    Scenario{"I have a question about your opening hours.",
             "The caller asked about opening hours and parking.",
             {{{"Are you open on Saturday?", "On Saturday we are open until {n} o'clock."},
               {"Where can I park?", "There is parking behind the house, the entrance is in the side street."},
               {"Do I need an appointment?", "You can come without an appointment before noon."},
               {"Is the second floor accessible?", "Yes, there is a lift next to the entrance."}}}}};

constexpr std::size_t kMostTurns = 32;
constexpr std::int64_t kMsPerTurn = 14'000;

std::string with_number(std::string_view text, std::mt19937_64& random) {
  std::string out(text);
  if (const auto at = out.find("{n}"); at != std::string::npos) out.replace(at, 3, std::to_string(1 + random() % 4000));
  return out;
}

class Writer {
 public:
  void say(std::string_view who, std::string_view role, const std::string& text) {
    transcript_ += fmt::format("{}{}: {}", transcript_.empty() ? "" : "\\n", who, text);
    messages_ += fmt::format(R"({}{{"role": "{}", "message": "{}"}})", messages_.empty() ? "" : ", ", role, text);
  }
  Dialogue finish(std::string_view summary) {
    return {std::move(transcript_), "[" + messages_ + "]", std::string(summary)};
  }

 private:
  std::string transcript_, messages_;
};

}  // namespace

Dialogue make_dialogue(std::mt19937_64& random, std::int64_t duration_ms) {
  const Scenario& scenario = kScenarios[random() % kScenarios.size()];
  const auto turns = std::clamp<std::size_t>(static_cast<std::size_t>(duration_ms / kMsPerTurn), 1, kMostTurns);
  Writer writer;
  writer.say("AI", "bot", "Thank you for calling, how can I help you?");
  writer.say("User", "user", with_number(scenario.opening, random));
  for (std::size_t i = 0; i < turns; ++i) {
    // Long calls come back to what was said, with other numbers.
    const Turn& turn = scenario.turns[(i + random() % 2) % scenario.turns.size()];
    writer.say("User", "user", with_number(turn.user, random));
    writer.say("AI", "bot", with_number(turn.assistant, random));
  }
  writer.say("AI", "bot", "Thank you for calling, goodbye.");
  return writer.finish(scenario.summary);
}

}  // namespace platform::traffic
