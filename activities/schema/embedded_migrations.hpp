#pragma once

#include <holdfast/store/postgres/embedded_migrations.hpp>

#include <span>

namespace platform {

/// The files of schema/platform, ordered by name. Static storage; safe from any thread.
std::span<const holdfast::store::postgres::EmbeddedMigration> embedded_platform_migrations();

}  // namespace platform
