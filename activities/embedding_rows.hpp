#pragma once

#include <functional>
#include <string>
#include <vector>

#include <activities/insight_services.hpp>
#include <activities/patterns/embedding_code.hpp>
#include <holdfast/core/uuid.hpp>

namespace platform {

/// A row of platform.embeddings. Times are RFC 3339 text, exactly as PostgreSQL compares them: microseconds, UTC.
struct EmbeddingRow {
  std::string created_at;  ///< the subject's
  std::string kind;        ///< "interaction" or "call"
  std::string subject;     ///< its id
  patterns::Code code;
};

/// Writes embeddings of the embedder's model, in one statement on a connection of the pool. Of one that is there
/// already the new one stays.
void store_embeddings(InsightServices& services, const holdfast::Uuid& organization,
                      const std::vector<EmbeddingRow>& rows);

/// Calls `use` for each embedding of the embedder's model whose subject was created in [since, until), in pages, in the
/// order of the primary key. Embeddings of texts that no model takes are left out.
void for_each_embedding(InsightServices& services, const holdfast::Uuid& organization, const std::string& since,
                        const std::string& until, const std::function<void(EmbeddingRow)>& use);

}  // namespace platform
