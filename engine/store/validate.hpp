#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include <holdfast/store/errors.hpp>
#include <holdfast/store/query_store.hpp>
#include <holdfast/store/types.hpp>
#include <holdfast/store/update_store.hpp>

/// What both stores check before they touch anything, so that bad input gives the same words everywhere. Each throws
/// InvalidArgument that names the field, its value and what is allowed.
namespace holdfast::store {

inline constexpr std::size_t kMaxWorkflowIdBytes = 1000;
inline constexpr std::size_t kMaxNameBytes = 255;  ///< namespaces, types, queues, signals
inline constexpr std::size_t kMaxReasonBytes = 4000;
inline constexpr std::size_t kMaxPayloadBytes = 4 << 20;
inline constexpr auto kMaxQueryTimeout = std::chrono::hours(1);
using holdfast::kMaxDelay;

void validate_name(std::string_view field, std::string_view value, std::size_t max_bytes = kMaxNameBytes);
/// May be empty.
void validate_text(std::string_view field, std::string_view value, std::size_t max_bytes);
void validate_payload(std::string_view field, std::string_view json);
/// That jsonb accepts.
void validate_object(std::string_view field, std::string_view json);
/// See core/attributes.hpp; each may be empty.
void validate_properties(std::string_view memo, std::string_view search_attributes);
/// That runs are counted by it.
void validate_group_by(const visibility::Column& column);

void validate(const RunKey& key);
/// Each, and names the position of the bad one if there are several.
void validate(std::span<const NewRun> runs);
void validate(std::span<const NewChild> children);
void validate(std::span<const NewMessage> messages);
void validate(const NewUpdate& update);
void validate(const NewQuery& query);
void validate(const ListFilter& filter);
void validate(const WorkerInfo& info);
void validate_termination(const RunKey& key, std::string_view reason, std::string_view identity);

}  // namespace holdfast::store
