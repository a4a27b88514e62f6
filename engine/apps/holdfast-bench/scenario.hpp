#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "figures.hpp"
#include "server.hpp"

namespace bench {

/// What the command line asks for.
struct Settings {
  std::int64_t runs = 0;  ///< 0: the scenario's own size
  int repeat = 3;
  std::string database_url;  ///< empty: a private PostgreSQL
  int lanes = 2;
  int activity_threads = 4;
  int max_batch = 0;  ///< 0: the worker's own default
  int floor_batch = 100;
  bool notify = true;
  std::int64_t runs_or(std::int64_t usual) const { return runs > 0 ? runs : usual; }
};

/// What a scenario gets to work with.
struct Bench {
  const Settings& settings;
  Server& server;
};

struct Scenario {
  std::string name, summary;
  std::function<Report(Bench&)> run;
};

/// One file per scenario.
Report floor(Bench& bench);
Report steps8(Bench& bench);
Report jobs(Bench& bench);
Report latency(Bench& bench);
Report call_processing(Bench& bench);
Report held_xmin(Bench& bench);
Report backlog(Bench& bench);
Report sleepers(Bench& bench);
Report recover(Bench& bench);
Report schedules(Bench& bench);
Report limits(Bench& bench);
Report replay(Bench& bench);
Report memory(Bench& bench);
Report ingest(Bench& bench);
Report patterns(Bench& bench);
Report usage(Bench& bench);
Report billing(Bench& bench);
Report month(Bench& bench);

/// In the order in which `all` runs them.
std::vector<Scenario> scenarios();

}  // namespace bench
