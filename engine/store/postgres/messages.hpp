#pragma once

#include <pqxx/result>

#include <holdfast/store/postgres/statement.hpp>
#include <holdfast/store/types.hpp>

namespace holdfast::store::postgres {

extern const Statement kSendMessages;
extern const Statement kTerminateRun;

/// The columns of an inbox row, in the order in which read_message reads them from column `first` on.
#define HOLDFAST_MESSAGE_COLUMNS "i.inbox_id, i.kind, i.name, i.payload, i.message_id, i.seq, i.attempt"
Message read_message(const pqxx::row& row, pqxx::row::size_type first);

}  // namespace holdfast::store::postgres
