#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/worker/config.hpp>

namespace holdfast::worker {
namespace {

using testing::HasSubstr;

WorkerConfig parse(const std::string& schedules) {
  return parse_worker_config("pools:\n  - {name: a, task_queues: [q]}\n  - {name: b, task_queues: [r]}\n" + schedules,
                             "w.yaml");
}

std::string message_of(const std::string& yaml) {
  try {
    parse(yaml);
    return "accepted";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

TEST(ScheduleConfigFile, every_key_is_read) {
  const auto config = parse(R"(
schedule_namespace: team
schedule_origin: reports
removed_schedules: delete
schedules:
  - id: nightly
    workflow_type: Report
    task_queue: q
    priority: 2
    execution_timeout: 1h
    cron: ["30 2 * * *", "CRON_TZ=Asia/Tokyo 0 9 * * MON"]
    every: [1h/5m]
    calendars: [{hour: 9-17, day_of_month: L}]
    exclude: [{month: DEC, day_of_month: "25"}]
    start_at: 2026-01-01T00:00:00Z
    end_at: 2027-01-01T00:00:00Z
    jitter: 10s
    time_zone: Europe/Berlin
    missing_time: next
    doubled_time: first
    overlap: buffer_one
    catch_up: latest
    catch_up_window: 2d
    pause_on_failure: true
    limited_actions: 7
    input: '{"a": 1}'
    memo: '{"team": "ops"}'
    search_attributes: '{"tier": 1}'
    note: every night
    paused: true
)");
  EXPECT_EQ(config.schedule_namespace, "team");
  EXPECT_EQ(config.schedule_origin, "reports");
  EXPECT_TRUE(config.delete_removed_schedules);
  ASSERT_EQ(config.schedules.size(), 1u);
  const auto& schedule = config.schedules[0];
  const auto& definition = schedule.definition;
  EXPECT_EQ(schedule.id, "nightly");
  EXPECT_EQ(definition.workflow_type, "Report");
  EXPECT_EQ(definition.spec.cron.size(), 2u);
  EXPECT_EQ(definition.spec.intervals.at(0).phase, "5m");
  EXPECT_EQ(definition.spec.calendars.at(0).day_of_month, "L");
  EXPECT_EQ(definition.spec.exclude.at(0).hour, "*");
  EXPECT_EQ(definition.spec.missing_time, schedule::MissingTime::next);
  EXPECT_EQ(definition.spec.doubled_time, schedule::DoubledTime::first);
  EXPECT_EQ(definition.overlap, schedule::Overlap::buffer_one);
  EXPECT_EQ(definition.catch_up, schedule::CatchUp::latest);
  EXPECT_TRUE(definition.pause_on_failure);
  EXPECT_EQ(definition.limited_actions, 7);
  EXPECT_EQ(schedule.input, R"({"a": 1})");
  EXPECT_TRUE(schedule.paused);
}

TEST(ScheduleConfigFile, without_schedules_there_are_none_and_one_pool_fires) {
  const auto config = parse("");
  EXPECT_TRUE(config.schedules.empty());
  EXPECT_FALSE(config.delete_removed_schedules);
  EXPECT_TRUE(config.pools[0].options.schedules);
  EXPECT_FALSE(config.pools[1].options.schedules);
}

TEST(ScheduleConfigFile, errors_name_file_line_key_and_what_is_allowed) {
  EXPECT_THAT(message_of("schedules:\n  - {id: a, workflow_type: R, cron: ['61 * * * *']}\n"),
              HasSubstr("'a': cron[0] minute is '61'; allowed: 0 to 59"));
  EXPECT_THAT(message_of("schedules:\n  - {id: a, workflow_type: R, crom: x}\n"),
              HasSubstr("crom is unknown; allowed: "));
  EXPECT_THAT(message_of("schedules:\n  - {id: a, workflow_type: R, calendars: [{hours: 1}]}\n"),
              HasSubstr("hours is unknown; allowed: "));
  EXPECT_THAT(message_of("schedules:\n  - {workflow_type: R}\n"), HasSubstr("schedule_id is empty"));
  EXPECT_THAT(message_of("schedules:\n  - {id: a}\n"), HasSubstr("workflow_type is empty"));
  EXPECT_THAT(message_of("schedules:\n  - {id: a, workflow_type: R}\n  - {id: a, workflow_type: R}\n"),
              HasSubstr("ids must differ"));
  EXPECT_THAT(message_of("schedules:\n  - {id: a, workflow_type: R, input: '{'}\n"), HasSubstr("allowed: JSON text"));
  EXPECT_THAT(message_of("schedules:\n  - {id: a, workflow_type: R, overlap: no}\n"),
              HasSubstr("overlap is 'no'; allowed: skip, buffer_one"));
  EXPECT_THAT(message_of("schedules:\n  - {id: a, workflow_type: R, start_at: soon}\n"), HasSubstr("RFC 3339"));
  EXPECT_THAT(message_of("removed_schedules: keep\n"), HasSubstr("allowed: report, delete"));
}

}  // namespace
}  // namespace holdfast::worker
