#pragma once

#include <vector>

#include <holdfast/store/postgres/doctor.hpp>

namespace platform {

/// What `wfctl doctor` asks about the platform's tables. Row-level security applies: to see every organization, connect
/// as a superuser.
inline std::vector<holdfast::store::postgres::DoctorCheck> doctor_checks() {
  using holdfast::store::postgres::DoctorCheck;
  return {{.name = "what the vendor took of a billing period is what its reports say, and what was closed was reported",
           .kind = DoctorCheck::Kind::promise,
           .scope = DoctorCheck::Scope::database,
           .sql = R"sql(
SELECT format('organization %s, period from %s: %s minutes are marked as reported, its reports say %s; %s were never reported',
              b.organization_id, b.period_start, b.reported_minutes, r.reported, r.unreported)
  FROM platform.billing_periods b
  JOIN platform.organizations o ON o.id = b.organization_id
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(quantity) FILTER (WHERE reported_at IS NOT NULL AND rejected_at IS NULL), 0) AS reported,
              count(*) FILTER (WHERE seq = 0 AND reported_at IS NULL AND rejected_at IS NULL) AS unreported
         FROM platform.usage_reports
        WHERE organization_id = b.organization_id AND period_start = b.period_start) r
 WHERE b.reported_minutes <> r.reported
    OR (b.closed_at < now() - interval '1 day' AND o.stripe_customer_id IS NOT NULL AND r.unreported > 0)
 LIMIT $1)sql"},
          {.name = "the usage counters of every organization and period add up to its ledger",
           .kind = DoctorCheck::Kind::promise,
           .scope = DoctorCheck::Scope::database,
           .sql = R"sql(
SELECT format('organization %s, period from %s: %s minutes of %s calls in the ledger, %s of %s in the counters',
              coalesce(l.organization_id, c.organization_id), coalesce(l.period_start, c.period_start),
              coalesce(l.minutes, 0), coalesce(l.calls, 0), coalesce(c.minutes, 0), coalesce(c.calls, 0))
  FROM (SELECT organization_id, period_start, sum(minutes) AS minutes, count(*) AS calls
          FROM platform.usage_ledger WHERE source LIKE 'call:%' GROUP BY 1, 2) l
  FULL JOIN (SELECT organization_id, period_start, sum(minutes) AS minutes, sum(calls) AS calls
               FROM platform.usage_counters GROUP BY 1, 2) c USING (organization_id, period_start)
 WHERE (l.minutes, l.calls) IS DISTINCT FROM (c.minutes, c.calls)
 LIMIT $1)sql"},
          {.name = "the interaction counters of every organization and period add up to its ledger",
           .kind = DoctorCheck::Kind::promise,
           .scope = DoctorCheck::Scope::database,
           .sql = R"sql(
SELECT format('organization %s, period from %s: %s interactions of %s tokens in the ledger, %s of %s in the counters',
              coalesce(l.organization_id, c.organization_id), coalesce(l.period_start, c.period_start),
              coalesce(l.interactions, 0), coalesce(l.tokens, 0), coalesce(c.interactions, 0), coalesce(c.tokens, 0))
  FROM (SELECT organization_id, period_start, count(*) AS interactions,
               sum(prompt_tokens + completion_tokens) AS tokens
          FROM platform.interaction_ledger GROUP BY 1, 2) l
  FULL JOIN (SELECT organization_id, period_start, sum(interactions) AS interactions, sum(tokens) AS tokens
               FROM platform.interaction_counters GROUP BY 1, 2) c USING (organization_id, period_start)
 WHERE (l.interactions, l.tokens) IS DISTINCT FROM (c.interactions, c.tokens)
 LIMIT $1)sql"},
          {.name = "a repeated pattern leads to the first of its kind, of the same organization",
           .kind = DoctorCheck::Kind::promise,
           .scope = DoctorCheck::Scope::database,
           .sql = R"sql(
SELECT format('pattern %s of organization %s leads to %s', p.id, p.organization_id, p.similar_to)
  FROM platform.patterns p JOIN platform.patterns f ON f.id = p.similar_to
 WHERE f.similar_to IS NOT NULL OR f.organization_id <> p.organization_id OR f.period <> p.period
 LIMIT $1)sql"}};
}

}  // namespace platform
