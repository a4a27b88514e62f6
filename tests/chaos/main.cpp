#include <cstdlib>
#include <cstring>

#include <gtest/gtest.h>

#include "chaos_worker.hpp"

int main(int argc, char** argv) {
  if (argc == 6 && std::strcmp(argv[1], "--worker") == 0)
    return chaos::run_worker(
        argv[2], {.lease_ms = std::atoi(argv[3]), .longest_vendor_wait_s = std::atoi(argv[4]), .standin_url = argv[5]});
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
