#include "wfctl_fixture.hpp"

#include <boost/json.hpp>

namespace holdfast::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

class Lists : public WfctlTest {};

TEST_F(Lists, ShowWorkersInEveryForm) {
  EXPECT_EQ(wfctl({"worker", "list"}).out, "no workers\n");
  EXPECT_EQ(wfctl({"worker", "list", "-o", "json"}).out, "[]\n");
  const auto id =
      client.store().register_worker({.identity = "host:7", .task_queues = {"a", "b"}, .version = "9", .lease = 1h});
  EXPECT_THAT(wfctl({"worker", "list"}).out, AllOf(HasSubstr("alive"), HasSubstr("host:7"), HasSubstr("a,b")));
  const auto array = json::parse(wfctl({"worker", "list", "-o", "json"}).out).as_array();
  ASSERT_EQ(array.size(), 1U);
  EXPECT_EQ(array[0].at("worker_id").as_int64(), id);
  EXPECT_EQ(array[0].at("task_queues").as_array().size(), 2U);
  EXPECT_TRUE(array[0].at("alive").as_bool());
  EXPECT_EQ(wfctl({"worker", "list", "-o", "ids"}).out, std::to_string(id) + "\n");
  sql("UPDATE holdfast.workers SET lease_until = now() - interval '1 minute'");
  EXPECT_THAT(wfctl({"worker", "list"}).out, HasSubstr("lease ended"));
}

TEST_F(Lists, ShowQueuesInEveryForm) {
  EXPECT_EQ(wfctl({"queue", "list", "-o", "json"}).out, "[]\n");
  start("a", "T", {.task_queue = "calls"});
  start("b", "T", {.task_queue = "calls", .start_delay = 1h});
  EXPECT_THAT(wfctl({"queue", "list"}).out, HasSubstr("calls"));
  const auto array = json::parse(wfctl({"queue", "list", "-o", "json"}).out).as_array();
  ASSERT_EQ(array.size(), 1U);
  EXPECT_EQ(array[0].at("ready_runs").as_int64(), 1);
  EXPECT_EQ(array[0].at("parked_runs").as_int64(), 1);
  EXPECT_EQ(array[0].at("workers").as_int64(), 0);
  EXPECT_EQ(wfctl({"queue", "list", "-o", "ids"}).out, "calls\n");
}

}  // namespace
}  // namespace holdfast::test
