#pragma once

#include <functional>

#include <pqxx/transaction_base>

#include <activities/insight_services.hpp>
#include <activities/interactions.hpp>
#include <activities/pattern_steps.hpp>
#include <activities/search.hpp>
#include <holdfast/core/nothing.hpp>

/// What the activities on interactions and patterns do; the rules of bodies.hpp hold.
namespace platform::bodies {

InteractionText describe_interaction(InsightServices&, const DescribeInteraction&);
InteractionStored store_interaction(InsightServices&, pqxx::transaction_base&, const StoreInteraction&);
holdfast::Nothing embed_interaction(InsightServices&, const InteractionKey&);
holdfast::Nothing record_interaction_failure(InsightServices&, pqxx::transaction_base&, const InteractionFailure&);

DiscoveriesStarted start_discoveries(InsightServices&, pqxx::transaction_base&, const DiscoveryPage&);
TextsEmbedded embed_missing_texts(InsightServices&, const PatternPeriod&);
/// `stop` is asked now and then; once it is true, the attempt fails and writes nothing.
PatternsFound find_patterns(InsightServices&, const PatternPeriod&, const std::function<bool()>& stop = {});
PatternsFound sum_up_patterns(InsightServices&, const PatternPeriod&);
holdfast::Nothing describe_pattern(InsightServices&, const DescribePattern&);
PatternsStored store_patterns(InsightServices&, pqxx::transaction_base&, const PatternPeriod&);
RollUpsStarted start_rollups(InsightServices&, pqxx::transaction_base&, const PatternPeriod&);

SearchResults search_knowledge(InsightServices&, const SearchQuestion&);

}  // namespace platform::bodies
