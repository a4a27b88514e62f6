#include <holdfast/store/postgres/properties.hpp>

#include <algorithm>

namespace holdfast::store::postgres {

const Statement kModifyProperties{"modify_properties", R"sql(
UPDATE holdfast.runs r
   SET memo = holdfast.changed_properties(r.memo, u.memo::jsonb),
       search_attributes = holdfast.changed_properties(r.search_attributes, u.attributes::jsonb)
  FROM (SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u (run_id, memo, attributes) LIMIT cardinality($1)) u
 WHERE r.shard = 0 AND r.run_id = u.run_id)sql"};

void modify_properties(const CommitBatch& batch, const RunStatement& run) {
  std::vector<std::pair<Uuid, const RunCommit*>> changed;
  for (const auto& commit : batch.runs) {
    if (commit.memo.empty() && commit.search_attributes.empty()) continue;
    changed.emplace_back(commit.run_id, &commit);
    if (commit.next == NextState::closed && commit.successor) changed.emplace_back(commit.successor->run_id, &commit);
  }
  if (changed.empty()) return;
  std::ranges::sort(changed);
  const auto texts = [&](Properties RunCommit::* member) {
    return array_of(oid::kText, changed, [=](const auto& entry) {
      const Properties& changes = entry.second->*member;
      return changes.empty() ? std::nullopt : std::optional(write_properties(changes));
    });
  };
  run(kModifyProperties, {array_of(oid::kUuid, changed, [](const auto& entry) { return entry.first; }),
                          texts(&RunCommit::memo), texts(&RunCommit::search_attributes)});
}

}  // namespace holdfast::store::postgres
