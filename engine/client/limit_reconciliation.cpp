#include <holdfast/client/limit_reconciliation.hpp>

#include <algorithm>

#include <holdfast/client/errors.hpp>

namespace holdfast::client {
namespace {

std::string words(const store::LimitName& limit) { return std::string(to_string(limit.scope)) + " " + limit.name; }

/// Of somebody else than `origin`.
bool is_foreign(const Limits& limits, const store::LimitName& limit, const std::string& origin) {
  const auto there = limits.find(limit);
  return there && there->content.origin != origin;
}

}  // namespace

LimitReconciliationReport reconcile(const Limits& limits, std::span<const DeclaredLimit> declared,
                                    const std::string& origin, bool delete_removed) {
  LimitReconciliationReport report;
  for (const auto& limit : declared) {
    if (is_foreign(limits, limit.limit, origin)) {
      report.kept.push_back(words(limit.limit));
      continue;
    }
    const auto done = limits.create_or_update(limit.limit, limit.rule,
                                              {.updated_by = origin, .reason = limit.reason, .origin = origin});
    if (done == LimitUpsert::unchanged) ++report.unchanged;
    if (done == LimitUpsert::created) report.created.push_back(words(limit.limit));
    if (done == LimitUpsert::updated) report.updated.push_back(words(limit.limit));
  }
  store::LimitFilter of_origin{.origin = origin, .limit = 1000, .counts = false};
  for (;;) {
    const auto page = limits.list(of_origin);
    for (const auto& row : page) {
      const auto& name = row.content.limit;
      if (std::ranges::any_of(declared, [&](const DeclaredLimit& d) { return d.limit == name; })) continue;
      if (!delete_removed) {
        report.undeclared.push_back(words(name));
        continue;
      }
      try {
        limits.remove(name);
        report.removed.push_back(words(name));
      } catch (const NotFoundError&) {
        // another process was faster
      }
    }
    if (std::cmp_less(page.size(), of_origin.limit)) return report;
    of_origin.after = page.back().content.limit;
  }
}

}  // namespace holdfast::client
