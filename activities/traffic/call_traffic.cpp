#include <activities/traffic/call_traffic.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <random>
#include <stdexcept>
#include <tuple>

#include <fmt/format.h>

#include <activities/traffic/dialogue.hpp>

namespace platform::traffic {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

/// Of each hour (UTC) of a day: calls come by day.
constexpr std::array kHours{1, 1, 1, 1, 2, 4, 8, 14, 22, 28, 30, 28, 22, 24, 26, 26, 24, 20, 14, 9, 6, 4, 2, 1};
constexpr double kMedianSeconds = 80, kSpread = 0.9;  // of a log-normal distribution
constexpr std::int64_t kLongestMs = 45 * 60 * 1000;
constexpr std::int64_t kMicroUsdPerMinute = 84'700;

/// A generator per call and purpose (splitmix64's finalizer): numbers of neighbours are independent.
std::mt19937_64 generator(std::uint64_t seed, std::int64_t n, std::uint64_t purpose) {
  std::uint64_t x = seed * 0x9e3779b97f4a7c15 + static_cast<std::uint64_t>(n) * 0xbf58476d1ce4e5b9 + purpose;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return std::mt19937_64(x ^ (x >> 31));
}

// Not std::uniform_…_distribution: their numbers differ between standard libraries.
double unit(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }
std::int64_t below(std::mt19937_64& random, std::int64_t bound) {
  return static_cast<std::int64_t>(unit(random) * static_cast<double>(bound));
}

std::int64_t hour_of_day(std::mt19937_64& random) {
  static const int total = std::accumulate(kHours.begin(), kHours.end(), 0);
  auto left = below(random, total);
  for (std::size_t hour = 0; hour < kHours.size(); ++hour) {
    if (left < kHours[hour]) return static_cast<std::int64_t>(hour);
    left -= kHours[hour];
  }
  return 0;
}

std::int64_t duration_ms(std::mt19937_64& random) {
  // Box-Muller.
  const double normal =
      std::sqrt(-2 * std::log(1 - unit(random))) * std::cos(2 * 3.14159265358979323846 * unit(random));
  const double ms = 1000 * kMedianSeconds * std::exp(kSpread * normal);
  return std::clamp<std::int64_t>(std::llround(ms), 1000, kLongestMs);
}

void check(bool ok, const char* option, double value, const char* allowed) {
  if (!ok) throw std::invalid_argument(fmt::format("call traffic: {} is {}, allowed: {}", option, value, allowed));
}

}  // namespace

CallTraffic::CallTraffic(CallTrafficOptions options) : options_(options) {
  check(options.organizations >= 1 && options.organizations <= 1'000'000, "organizations",
        static_cast<double>(options.organizations), "1 to 1000000");
  check(options.calls >= 0 && options.calls <= 1'000'000'000, "calls", static_cast<double>(options.calls),
        "0 to 1000000000");
  check(options.month.ok(), "month", static_cast<double>(static_cast<unsigned>(options.month.month())), "1 to 12");
  check(options.late_share >= 0 && options.late_share <= 1, "late_share", options.late_share, "0 to 1");
  check(options.duplicate_share >= 0 && options.duplicate_share <= 1, "duplicate_share", options.duplicate_share,
        "0 to 1");
  double sum = 0;
  for (std::int64_t k = 0; k < options.organizations; ++k)
    sizes_.push_back(sum += 1 / std::sqrt(static_cast<double>(k + 1)));
}

holdfast::Uuid CallTraffic::organization_id(std::int64_t organization) const {
  return holdfast::Uuid::parse(fmt::format("00000000-0000-7000-8000-{:012d}", organization + 1));
}

holdfast::Timestamp CallTraffic::begin() const {
  return std::chrono::time_point_cast<holdfast::Duration>(std::chrono::sys_days(options_.month / 1));
}

holdfast::Timestamp CallTraffic::end() const {
  return std::chrono::time_point_cast<holdfast::Duration>(
      std::chrono::sys_days((options_.month + std::chrono::months(1)) / 1));
}

TrafficCall CallTraffic::call(std::int64_t n) const {
  auto random = generator(options_.seed, n, 1);
  TrafficCall call;
  const auto share = std::ranges::upper_bound(sizes_, unit(random) * sizes_.back());
  call.organization = std::min<std::int64_t>(share - sizes_.begin(), options_.organizations - 1);
  call.id =
      fmt::format("{:08x}-{:04x}-7000-8000-{:012d}", static_cast<std::uint32_t>(random()), options_.seed & 0xffff, n);
  const auto days = std::chrono::duration_cast<std::chrono::days>(end() - begin()).count();
  call.started_at = begin() + std::chrono::days(below(random, days)) + hours(hour_of_day(random)) +
                    milliseconds(below(random, 3'600'000));
  const double kind = unit(random);
  const bool failed = kind < 0.02, silent = kind < 0.07;
  if (!silent) call.duration_ms = duration_ms(random);
  call.cost_micro_usd = (call.duration_ms * kMicroUsdPerMinute + 30'000) / 60'000;
  call.ended_reason = failed               ? "pipeline-error-openai-llm-failed"
                      : silent             ? "customer-did-not-answer"
                      : unit(random) < 0.7 ? "customer-ended-call"
                                           : "assistant-ended-call";
  call.from_number = fmt::format("+1415555{:04d}", below(random, 10'000));
  call.has_transcript = !silent;
  call.has_recording = !silent && unit(random) < 0.9;
  return call;
}

std::string CallTraffic::report(std::int64_t n) const {
  const auto made = call(n);
  auto random = generator(options_.seed, n, 2);
  const auto talk = made.has_transcript ? make_dialogue(random, made.duration_ms) : Dialogue{};
  const auto ended = made.started_at + milliseconds(made.duration_ms);
  std::string artifact = fmt::format(R"("messages": {})", talk.messages);
  if (made.has_transcript) artifact += fmt::format(R"(, "transcript": "{}")", talk.transcript);
  if (made.has_recording) artifact += fmt::format(R"(, "recordingUrl": "https://storage.vapi.test/{}.wav")", made.id);
  return fmt::format(
      R"({{"message": {{"type": "end-of-call-report", "endedReason": "{}", "cost": {}.{:06d}, "durationMs": {},
 "startedAt": "{}", "endedAt": "{}",
 "call": {{"id": "{}", "type": "inboundPhoneCall", "createdAt": "{}", "customer": {{"number": "{}"}}}},
 "artifact": {{{}}}, "analysis": {{"summary": "{}"}}}}}})",
      made.ended_reason, made.cost_micro_usd / 1'000'000, made.cost_micro_usd % 1'000'000, made.duration_ms,
      holdfast::to_rfc3339(made.started_at), holdfast::to_rfc3339(ended), made.id,
      holdfast::to_rfc3339(made.started_at), made.from_number, artifact, talk.summary);
}

std::vector<std::int64_t> CallTraffic::arrivals() const {
  using Arrival = std::tuple<holdfast::Timestamp, std::int64_t>;
  std::vector<Arrival> arrivals;
  arrivals.reserve(static_cast<std::size_t>(options_.calls));
  for (std::int64_t n = 0; n < options_.calls; ++n) {
    auto random = generator(options_.seed, n, 3);
    const auto made = call(n);
    auto at = made.started_at + milliseconds(made.duration_ms);
    if (unit(random) < options_.late_share) at = end() + hours(1 + below(random, 48));
    arrivals.emplace_back(at, n);
    if (unit(random) < options_.duplicate_share) arrivals.emplace_back(at + milliseconds(below(random, 60'000)), n);
  }
  std::ranges::sort(arrivals);
  std::vector<std::int64_t> out;
  out.reserve(arrivals.size());
  for (const auto& [at, n] : arrivals) out.push_back(n);
  return out;
}

}  // namespace platform::traffic
