#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <holdfast/store/types.hpp>

namespace holdfast::store {

struct NewQuery {
  Uuid query_id;     ///< made by the asker
  RunKey to;         ///< open or closed; by workflow id: its open run, or else its newest
  std::string name;  ///< 1 to 255 bytes
  Payload input = "{}";
  Duration timeout = std::chrono::seconds(10);  ///< nobody answers after this
};

struct QueryAnswer {
  Uuid query_id;
  Payload result;                  ///< it succeeded
  std::optional<Failure> failure;  ///< it did not
};

/// What a withdrawn query had come to.
struct OpenQuery {
  std::string task_queue, workflow_type;
  bool seen = false;  ///< a worker has taken it up
  std::string note;   ///< why it was not answered at once
};

/// A query that its claimant is to answer.
struct ClaimedQuery {
  Uuid query_id, run_id;
  std::string name;
  Payload input;
};

struct QueryClaim {
  std::vector<ClaimedQuery> ready;
  bool waiting = false;  ///< some cannot be answered yet: look again soon
};

/// The part of a store that concerns queries: questions to runs that leave no trace. They may be lost when the server
/// crashes; who asks asks again, with the same id.
class QueryStore {
 public:
  virtual ~QueryStore() = default;

  /// Puts the question; nothing happens if it is there. sent, or not_found: there is no such run. Throws
  /// InvalidArgument.
  virtual SendStatus ask(const NewQuery& query) = 0;
  /// The answers that exist.
  virtual std::vector<QueryAnswer> read_answers(std::span<const Uuid> query_ids) = 0;
  /// Forgets a question: it is answered, or nobody waits any more. nullopt: it is not there.
  virtual std::optional<OpenQuery> withdraw(const Uuid& query_id) = 0;

  /// Questions to runs of these queues and types, for the caller to answer within two seconds; then somebody else
  /// takes them. A question waits while its run has messages that are older than itself, or has not begun: what was
  /// told before it was asked is to be seen. It follows its workflow id to the next run of a chain.
  virtual QueryClaim claim_queries(std::span<const std::string> task_queues,
                                   std::span<const std::string> workflow_types, int limit) = 0;
  virtual void answer_queries(std::span<const QueryAnswer> answers) = 0;
};

}  // namespace holdfast::store
