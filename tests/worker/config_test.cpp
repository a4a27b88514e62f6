#include <holdfast/worker/config.hpp>

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::worker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

WorkerConfig parse(const std::string& yaml) { return parse_worker_config(yaml, "w.yaml"); }

std::string message_of(const std::string& yaml) {
  try {
    parse(yaml);
    return "accepted";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

/// One pool with these further lines.
std::string pool(const std::string& lines) { return "pools:\n  - name: a\n    task_queues: [q]\n" + lines; }

TEST(WorkerConfigFile, what_is_shipped_is_correct_and_separates_webhooks_from_calls) {
  const auto config = read_worker_config(HOLDFAST_SOURCE_DIR "/engine/apps/platform-worker/platform-worker.yaml");
  ASSERT_GE(config.pools.size(), 3u);
  EXPECT_THAT(config.pools[0].options.task_queues, ElementsAre("calls"));
  EXPECT_THAT(config.pools[1].options.task_queues, ElementsAre("webhooks"));
  EXPECT_THAT(config.pools.back().options.task_queues, ElementsAre("default"));
  std::set<std::string> queues;
  for (const auto& pool : config.pools)
    for (const auto& queue : pool.options.task_queues) EXPECT_TRUE(queues.insert(queue).second) << queue;
}

TEST(WorkerConfigFile, every_key_is_read) {
  const auto config = parse(R"(
database: {url: "host=db", listen_url: "host=direct", pool_size: 9, prepared: false}
http: {host: 0.0.0.0, port: 9090}
log: {level: debug, format: json}
pools:
  - name: a
    task_queues: [q1, q2]
    workflows: [W]
    activities: [x, y]
    lanes: 3
    activity_threads: 5
    cache_bytes: 64MiB
    max_owned_runs: 7
    max_batch: 11
    lease: 8s
    park_after: 250ms
    idle_poll: 2s
    notify: false
    quarantine_after: 4
    max_payload_bytes: 2048
    shutdown_grace: 1m
)");
  EXPECT_EQ(config.database.url, "host=db");
  EXPECT_EQ(config.database.listen_url, "host=direct");
  EXPECT_EQ(config.database.pool_size, 9);
  EXPECT_FALSE(config.database.prepared);
  EXPECT_EQ(config.http.host, "0.0.0.0");
  EXPECT_EQ(config.http.port, 9090);
  EXPECT_EQ(config.log.level, "debug");
  EXPECT_EQ(config.log.format, "json");
  ASSERT_EQ(config.pools.size(), 1u);
  const auto& a = config.pools[0];
  EXPECT_THAT(a.workflows, ElementsAre("W"));
  EXPECT_THAT(a.activities, ElementsAre("x", "y"));
  EXPECT_THAT(a.options.task_queues, ElementsAre("q1", "q2"));
  EXPECT_EQ(a.options.lanes, 3);
  EXPECT_EQ(a.options.activity_threads, 5);
  EXPECT_EQ(a.options.cache_bytes, 64u << 20);
  EXPECT_EQ(a.options.max_owned_runs, 7);
  EXPECT_EQ(a.options.max_batch, 11);
  EXPECT_EQ(a.options.lease, std::chrono::seconds(8));
  EXPECT_EQ(a.options.park_after, std::chrono::milliseconds(250));
  EXPECT_EQ(a.options.idle_poll, std::chrono::seconds(2));
  EXPECT_FALSE(a.options.notify);
  EXPECT_EQ(a.options.quarantine_after, 4);
  EXPECT_EQ(a.options.max_payload_bytes, 2048u);
  EXPECT_EQ(a.options.shutdown_grace, std::chrono::minutes(1));
}

TEST(WorkerConfigFile, absent_keys_keep_the_defaults) {
  const auto config = parse(pool(""));
  const WorkerOptions defaults;
  EXPECT_EQ(config.pools[0].options.lanes, defaults.lanes);
  EXPECT_EQ(config.pools[0].options.cache_bytes, defaults.cache_bytes);
  EXPECT_EQ(config.pools[0].options.lease, defaults.lease);
  EXPECT_TRUE(config.pools[0].workflows.empty());
}

TEST(WorkerConfigFile, an_unknown_key_is_an_error_with_its_line_and_the_keys_that_exist) {
  EXPECT_THAT(message_of(pool("    lanez: 2\n")),
              StartsWith("w.yaml:4: pools[0].lanez is unknown; allowed: activities, "));
  EXPECT_THAT(message_of("databose: {}\n" + pool("")), StartsWith("w.yaml:1: databose is unknown; allowed: "));
  EXPECT_THAT(message_of(pool("") + "http:\n  ports: 1\n"), StartsWith("w.yaml:5: http.ports is unknown"));
}

TEST(WorkerConfigFile, a_key_given_twice_is_an_error) {
  EXPECT_THAT(message_of(pool("    lanes: 1\n    lanes: 2\n")), StartsWith("w.yaml:5: pools[0].lanes is given twice"));
}

TEST(WorkerConfigFile, bad_values_name_key_value_and_what_is_allowed) {
  const auto error = [](const std::string& line) { return message_of(pool("    " + line + "\n")); };
  EXPECT_EQ(error("lanes: 0"), "w.yaml:4: pools[0].lanes is '0'; allowed: a whole number from 1 to 64");
  EXPECT_THAT(error("lanes: 65"), HasSubstr("1 to 64"));
  EXPECT_THAT(error("lanes: two"), HasSubstr("is 'two'"));
  EXPECT_THAT(error("lanes: 2.5"), HasSubstr("is '2.5'"));
  EXPECT_THAT(error("lanes: 99999999999999999999"), HasSubstr("1 to 64"));
  EXPECT_THAT(error("lanes: [1]"), HasSubstr("is a list"));
  EXPECT_THAT(error("lanes:"), HasSubstr("is empty"));
  EXPECT_THAT(error("notify: maybe"), HasSubstr("is 'maybe'; allowed: true or false"));
  EXPECT_THAT(error("lease: 5"), HasSubstr("allowed: a whole number and a unit"));
  EXPECT_THAT(error("lease: 5 days"), HasSubstr("is '5 days'"));
  EXPECT_THAT(error("lease: -5s"), HasSubstr("is '-5s'"));
  EXPECT_THAT(error("lease: 100ms"), HasSubstr("500 ms or more"));
  EXPECT_THAT(error("cache_bytes: 1GB"), HasSubstr("is '1GB'"));
  EXPECT_THAT(error("workflows: []"), HasSubstr("a list of at least one name"));
  EXPECT_THAT(error("workflows: W"), HasSubstr("a list of at least one name"));
  EXPECT_THAT(error("workflows: [W, W]"), HasSubstr("names 'W' twice"));
  EXPECT_THAT(message_of(pool("") + "log: {level: loud}\n"), HasSubstr("log.level is 'loud'; allowed: trace, debug"));
}

TEST(WorkerConfigFile, pools_are_needed_and_have_names_of_their_own) {
  EXPECT_THAT(message_of("log: {}\n"), HasSubstr("pools is missing"));
  EXPECT_THAT(message_of("pools: []\n"), HasSubstr("at least one"));
  EXPECT_THAT(message_of("pools:\n  - task_queues: [q]\n"), HasSubstr("w.yaml:2: pools[0].name is missing"));
  EXPECT_THAT(message_of("pools:\n  - name: a\n"), HasSubstr("pools[0].task_queues is missing"));
  EXPECT_THAT(message_of(pool("") + "  - name: a\n    task_queues: [r]\n"), HasSubstr("names must differ"));
  EXPECT_THAT(message_of("pools:\n  - x\n"), HasSubstr("pools[0] is 'x'; it must be a mapping"));
}

TEST(WorkerConfigFile, what_is_not_yaml_or_not_one_document_is_an_error) {
  EXPECT_THAT(message_of("pools: [\n"), HasSubstr("not YAML"));
  EXPECT_THAT(message_of("\tpools: x"), HasSubstr("not YAML"));
  EXPECT_THAT(message_of(""), StartsWith("w.yaml"));
  EXPECT_THAT(message_of("a: 1\n---\nb: 2\n"), HasSubstr("2 YAML documents"));
  EXPECT_THAT(message_of("just text"), HasSubstr("must be a mapping"));
  EXPECT_THROW(read_worker_config("/nowhere/w.yaml"), ConfigError);
}

}  // namespace
}  // namespace holdfast::worker
