// What concerns PostgreSQL by name: connecting, and the verbs that ride in a transaction of the caller.
#include <holdfast/client/client.hpp>

#include <holdfast/client/answers.hpp>
#include <holdfast/store/postgres/postgres_store.hpp>

namespace holdfast::client {

Client Client::connect(const std::string& database_url, ClientOptions options) {
  return Client(std::shared_ptr<store::Store>(
                    store::open_postgres_store({.connection_string = database_url, .notifications = options.notify})),
                std::move(options));
}

StartedRun Client::start_json_in(pqxx::transaction_base& transaction, const StartRequest& request) const {
  const auto run = new_run(request);
  return started_or_throw(run, store::start_runs_in(transaction, {&run, 1}).at(0));
}

std::vector<store::StartResult> Client::start_many_in(pqxx::transaction_base& transaction,
                                                      std::span<const StartRequest> requests) const {
  std::vector<store::NewRun> runs;
  runs.reserve(requests.size());
  for (const auto& request : requests) runs.push_back(new_run(request));
  return store::start_runs_in(transaction, runs);
}

void Client::signal_json_in(pqxx::transaction_base& transaction, const store::RunKey& run, std::string_view signal,
                            Payload input, SignalOptions options) const {
  const auto message = signal_message(run, signal, std::move(input), options);
  sent_or_throw(store::send_messages_in(transaction, {&message, 1}).at(0), run, "signal");
}

store::UpdateState Client::update_json_in(pqxx::transaction_base& transaction, const store::RunKey& run,
                                          std::string_view update, Payload input, UpdateOptions options) const {
  return sent_or_throw(store::send_update_in(transaction, new_update(run, update, std::move(input), options)), run);
}

}  // namespace holdfast::client
