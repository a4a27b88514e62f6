#include <algorithm>
#include <chrono>
#include <map>

#include <fmt/format.h>
#include <boost/json.hpp>
#include <pqxx/pqxx>

#include <activities/demo_data.hpp>
#include <activities/traffic/interaction_traffic.hpp>
#include <workflows/pattern_discovery.hpp>

#include "engine_under_test.hpp"
#include "platform_services.hpp"

namespace bench {
namespace {

namespace traffic = platform::traffic;
using Clock = std::chrono::steady_clock;

const holdfast::Uuid kShop = holdfast::Uuid::parse("00000000-0000-7000-8000-000000000001");

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::string id_of(std::size_t n) { return fmt::format("00000000-0000-4000-8000-{:012d}", n); }

/// Yesterday in UTC: its partition exists on any day.
std::string day_of(pqxx::work& tx) { return tx.exec1("SELECT (now() AT TIME ZONE 'UTC')::date - 1")[0].c_str(); }

/// A shop with its products, a day of calls, and everything else posted. Returns the day.
std::string post_all(const Database& database, const traffic::InteractionTraffic& day) {
  pqxx::connection connection(database.url());
  pqxx::work tx(connection);
  platform::DemoOrganization shop;
  shop.id = kShop;
  shop.slug = "shop";
  platform::create_demo_organization(tx, shop);
  for (const auto& product : day.products)
    tx.exec_params("INSERT INTO platform.products (organization_id, name) VALUES ($1::uuid, $2)", kShop.to_string(),
                   product);
  const auto date = day_of(tx);
  connection.prepare("post",
                     "SELECT platform.post_interaction($1::uuid, $2::uuid, $3, $4, $5, "
                     "$6::date::timestamp AT TIME ZONE 'UTC' + $7 * interval '1 ms')");
  connection.prepare(
      "call",
      "INSERT INTO platform.call_transcripts (organization_id, created_at, call_id, transcript, summary) VALUES "
      "($1::uuid, $5::date::timestamp AT TIME ZONE 'UTC' + $6 * interval '1 ms', $2, $3, $4)");
  for (std::size_t n = 0; n < day.interactions.size(); ++n) {
    const auto& one = day.interactions[n];
    if (one.source == "call")
      tx.exec_prepared("call", kShop.to_string(), id_of(n), one.transcript, one.text, date, one.offset.count());
    else
      tx.exec_prepared("post", kShop.to_string(), id_of(n), one.source, one.text, one.session, date,
                       one.offset.count());
  }
  tx.commit();
  return date;
}

/// Which planted pattern most members of a stored one have, and whether it has most of that one's members.
int planted_in(const boost::json::value& evidence, std::size_t members, const traffic::InteractionTraffic& day) {
  std::map<int, std::size_t> labels;
  std::size_t listed = 0;
  for (const auto& member : evidence.at("members").as_array()) {
    const std::string id(std::string_view(member.at("id").as_string()));
    ++labels[day.interactions[std::stoull(id.substr(24))].pattern];
    ++listed;
  }
  const auto best = std::ranges::max_element(labels, {}, [](const auto& label) { return label.second; });
  if (best == labels.end() || best->first < 0 || best->second * 2 <= listed)
    return traffic::LabelledInteraction::kNoise;
  const auto share = static_cast<double>(best->second) / static_cast<double>(listed) * static_cast<double>(members);
  const auto planted = static_cast<double>(day.patterns[static_cast<std::size_t>(best->first)].members);
  return share * 2 > planted ? best->first : traffic::LabelledInteraction::kNoise;
}

void score(const Database& database, const traffic::InteractionTraffic& day, Figures& figures) {
  pqxx::connection connection(database.url());
  pqxx::work tx(connection);
  std::map<int, bool> found;
  double wrong = 0, all = 0;
  tx.exec_params("SELECT set_config('app.organization_id', $1, true)", kShop.to_string());
  for (const auto& row : tx.exec("SELECT evidence, members FROM platform.patterns WHERE period = 'day'")) {
    ++all;
    const auto planted = planted_in(boost::json::parse(row[0].c_str()), row[1].as<std::size_t>(), day);
    if (planted < 0 || std::exchange(found[planted], true)) ++wrong;
  }
  figures.set("patterns", all);
  figures.set("found_percent", 100.0 * static_cast<double>(found.size()) / static_cast<double>(day.patterns.size()));
  figures.set("false_percent", all == 0 ? 0 : 100 * wrong / all);
}

Figures measure(Bench& bench, std::uint64_t seed) {
  const auto size = static_cast<std::size_t>(bench.settings.runs_or(10'000));
  const auto day = traffic::make_interactions(
      {.seed = seed, .interactions = size, .patterns = std::clamp<std::size_t>(size / 100, 1, 40)});
  const auto posted = std::ranges::count_if(day.interactions, [](const auto& one) { return one.source != "call"; });
  Database database(bench.server);
  const auto date = post_all(database, day);
  Figures figures;
  PlatformServices services(database.runtime_url());
  {
    EngineUnderTest engine(database.runtime_url(), bench.settings, [](holdfast::worker::WorkerOptions& options) {
      options.task_queues = {"interactions", "patterns"};
      options.activity_threads = std::max(options.activity_threads, 8);
    });
    services.add_to(engine.registry());
    const auto start = Clock::now();
    engine.start();
    engine.wait_closed(posted);
    figures.set("interactions_per_s", static_cast<double>(posted) / seconds_since(start));
    const auto discovery = Clock::now();
    engine.client()
        .start(platform::kPatternDiscovery, "discovery", {.organization_id = kShop, .period = "day", .start = date})
        .result(std::chrono::minutes(10));
    figures.set("discovery_s", seconds_since(discovery));
    figures.set("total_s", seconds_since(start));
  }
  score(database, day, figures);
  return figures;
}

}  // namespace

Report patterns(Bench& bench) {
  Report report{.scenario = "patterns", .repeats = {}, .remarks = {}};
  for (int repeat = 1; repeat <= bench.settings.repeat; ++repeat)
    report.repeats.push_back(measure(bench, static_cast<std::uint64_t>(repeat)));
  report.remarks.emplace_back(
      "a day of one organization with local vendors; nine in ten are posted and processed by InteractionProcessing, "
      "the "
      "rest are calls whose transcripts PatternDiscovery embeds; 40 planted patterns hold 45 % of all, another day "
      "each "
      "repeat");
  return report;
}

}  // namespace bench
