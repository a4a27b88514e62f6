#pragma once

#include <activities/database.hpp>
#include <activities/statement.hpp>
#include <activities/vendors/embedder.hpp>
#include <activities/vendors/insight_writer.hpp>

namespace platform {

/// What the activities on interactions and patterns work with. Made by main(), which owns the parts and keeps them
/// longer than the worker. Every part is thread-safe.
struct InsightServices {
  SqlRunner sql;
  Database& database;
  vendors::Embedder& embedder;
  vendors::InsightWriter& writer;
};

}  // namespace platform
