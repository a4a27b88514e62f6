#pragma once

#include <memory>

#include <holdfast/store/postgres/connection_pool.hpp>
#include <holdfast/store/store.hpp>

namespace holdfast::store::postgres {

extern const Statement kNotify;

/// Connects at the first wait().
std::unique_ptr<Listener> make_listener(const PostgresOptions& options);

}  // namespace holdfast::store::postgres
