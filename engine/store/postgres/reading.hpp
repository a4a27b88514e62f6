#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pqxx/result>

#include <holdfast/core/failure.hpp>
#include <holdfast/core/time.hpp>
#include <holdfast/core/uuid.hpp>

namespace holdfast::store::postgres {

// Columns of results as the engine's types.

inline std::string_view view(const pqxx::field& f) { return {f.c_str(), f.size()}; }
inline std::string text(const pqxx::field& f) { return {f.c_str(), f.size()}; }  // NULL reads as empty
std::int64_t integer(const pqxx::field& f);                                      // NULL reads as 0
inline int small(const pqxx::field& f) { return static_cast<int>(integer(f)); }
inline bool boolean(const pqxx::field& f) { return f.size() == 1 && *f.c_str() == 't'; }
Uuid uuid(const pqxx::field& f);
inline Uuid optional_uuid(const pqxx::field& f) { return f.is_null() ? Uuid{} : uuid(f); }  // NULL reads as nil
Timestamp time_of(const pqxx::field& f);                                                    // of HOLDFAST_MICROS
std::optional<Timestamp> optional_time(const pqxx::field& f);
/// The elements of an array of integers, from its text: {1,2}.
std::vector<std::int64_t> read_integers(std::string_view array);
std::optional<Failure> optional_failure(const pqxx::field& f);

}  // namespace holdfast::store::postgres
