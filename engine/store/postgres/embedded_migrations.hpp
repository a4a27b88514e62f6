#pragma once

#include <span>
#include <string_view>

namespace holdfast::store::postgres {

/// One forward-only migration file, compiled into the binary.
struct EmbeddedMigration {
  std::string_view name;  ///< file name, for example "0001_engine.sql"; migrations apply in the order of names
  std::string_view sql;   ///< the file's bytes, unchanged: its checksum is taken over these
};

/// The files of schema/engine, ordered by name. Static storage; safe from any thread.
std::span<const EmbeddedMigration> embedded_engine_migrations();

}  // namespace holdfast::store::postgres
