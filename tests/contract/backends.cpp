#include "store_contract.hpp"

namespace holdfast::test {

Backend memory_backend();
Backend postgres_backend(bool prepared);

// Without prepared statements is how a PgBouncer in transaction mode is used.
std::vector<Backend> store_backends() { return {memory_backend(), postgres_backend(true), postgres_backend(false)}; }

}  // namespace holdfast::test
