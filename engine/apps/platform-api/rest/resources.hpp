#pragma once

#include <rest/rest_api.hpp>

namespace platform::rest {

/// One function per resource, each in a file of its own: it adds the resource's routes. `options` and
/// `embedder` live as long as the router.
void add_organizations(Router& router);
void add_integrations(Router& router, const RestOptions& options);
void add_deliveries(Router& router);
void add_redeliveries(Router& router);
void add_usage(Router& router);
void add_billing(Router& router);
void add_patterns(Router& router);
void add_interactions(Router& router);
void add_search(Router& router, vendors::Embedder& embedder);
void add_onboarding(Router& router, const RestOptions& options);

}  // namespace platform::rest
