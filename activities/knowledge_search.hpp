#pragma once

#include <pqxx/transaction_base>

#include <activities/search.hpp>
#include <activities/statement.hpp>
#include <activities/vendors/embedder.hpp>

namespace platform {

/// Throws ApplicationError "InvalidQuestion" that names the field, its value and what is allowed.
void check(const SearchQuestion& question);

/// What search_knowledge does, in the caller's transaction: sets its tenant, reads only. Embeds the question first,
/// which may take a request to a vendor and may throw VendorError; an error leaves the transaction as it was.
SearchResults search(pqxx::transaction_base& tx, const SqlRunner& sql, vendors::Embedder& embedder,
                     const SearchQuestion& question);

}  // namespace platform
