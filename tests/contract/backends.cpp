#include "store_contract.hpp"

namespace holdfast::test {

Backend memory_backend();

std::vector<Backend> store_backends() { return {memory_backend()}; }

}  // namespace holdfast::test
