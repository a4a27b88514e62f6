#include "store_contract.hpp"

namespace holdfast::test {

Backend memory_backend();
std::vector<Backend> postgres_backends();

std::vector<Backend> store_backends() {
  std::vector<Backend> backends = postgres_backends();
  backends.insert(backends.begin(), memory_backend());
  return backends;
}

}  // namespace holdfast::test
