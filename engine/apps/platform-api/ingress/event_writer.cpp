#include <ingress/event_writer.hpp>

#include <algorithm>
#include <tuple>

#include <spdlog/spdlog.h>
#include <pqxx/except>

#include <activities/call_key.hpp>
#include <workflows/call_processing.hpp>
#include <workflows/call_started.hpp>

namespace platform::ingress {
namespace {

namespace postgres = holdfast::store::postgres;
using holdfast::client::StartRequest;

constexpr Statement kReceive{"platform_receive_vapi_events", R"(
SELECT e.is_new, (extract(epoch FROM e.key_time) * 1000000)::bigint
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[])
       AS r (organization, call_id, type, status, created_at, body)
  CROSS JOIN LATERAL platform.receive_vapi_event(r.organization, r.call_id, r.type, r.status, r.created_at, r.body) e)"};

std::size_t bytes_of(const VapiEvent& event) { return event.body.size() + 1000; }

postgres::Parameters parameters_of(const std::vector<const VapiEvent*>& events) {
  const auto texts = [&](auto get) { return postgres::array_of(postgres::oid::kText, events, get); };
  postgres::Parameters out;
  out.push_back(
      postgres::array_of(postgres::oid::kUuid, events, [](const VapiEvent* e) { return e->organization_id; }));
  out.push_back(texts([](const VapiEvent* e) { return std::string_view(e->message.call_id); }));
  out.push_back(texts([](const VapiEvent* e) { return std::string_view(e->message.type); }));
  out.push_back(texts([](const VapiEvent* e) { return std::string_view(e->message.status); }));
  out.push_back(postgres::array_of(postgres::oid::kTimestamptz, events,
                                   [](const VapiEvent* e) { return e->message.call_created_at; }));
  out.push_back(texts([](const VapiEvent* e) { return std::string_view(e->body); }));
  return out;
}

/// A call is processed once for ever: whatever is delivered again later, the id refuses.
StartRequest request_for(const VapiEvent& event, holdfast::Timestamp key_time) {
  const CallKey key{event.organization_id, event.message.call_id, key_time};
  const holdfast::client::StartOptions options{
      .reuse = holdfast::store::IdReusePolicy::reject_duplicate,
      .search_attributes = holdfast::Attributes()
                               .set("OrganizationId", key.organization_id.to_string())
                               .set("CallId", key.call_id)
                               .json()};
  using holdfast::client::Client;
  if (event.message.starts_call()) return Client::request(kCallStarted, call_started_workflow_id(key), key, options);
  return Client::request(kCallProcessing, call_workflow_id(key), key, options);
}

}  // namespace

EventWriter::EventWriter(const DatabaseOptions& database, int connections, holdfast::client::Client client)
    : client_(std::move(client)),
      sessions_([&] {
        std::vector<std::unique_ptr<DatabaseSession>> sessions;
        for (int i = 0; i < connections; ++i) sessions.push_back(std::make_unique<DatabaseSession>(database));
        return sessions;
      }()),
      threads_({.threads = connections}, bytes_of,
               [this](std::size_t thread, std::vector<Threads::Job>& jobs) { process(*sessions_[thread], jobs); }) {}

FiledEvent EventWriter::file(VapiEvent event, std::chrono::milliseconds timeout) {
  auto result = threads_.submit(std::move(event));
  if (result.wait_for(timeout) != std::future_status::ready)
    throw Unavailable("the database did not answer within " + std::to_string(timeout.count()) + " ms");
  return result.get();
}

void EventWriter::process(DatabaseSession& session, std::vector<Threads::Job>& jobs) {
  Batch batch;
  for (auto& job : jobs) batch.push_back(&job);
  // Two batches that hold the same events meet them in the same order.
  std::ranges::sort(batch, {}, [](const Threads::Job* job) {
    const auto& message = job->in.message;
    return std::tie(message.call_id, message.type, message.status, job->in.organization_id);
  });
  std::vector<FiledEvent> filed;
  try {
    filed = commit(session, batch);
  } catch (const Unavailable&) {
    throw;
  } catch (const std::exception&) {
    for (auto* job : batch) commit_alone(session, *job);
    return;
  }
  answer(batch, filed);
}

void EventWriter::answer(const Batch& batch, const std::vector<FiledEvent>& filed) {
  if (std::ranges::any_of(filed, &FiledEvent::started)) client_.wake(kCallProcessing.task_queue);
  for (std::size_t i = 0; i < batch.size(); ++i) batch[i]->out.set_value(filed[i]);
}

void EventWriter::commit_alone(DatabaseSession& session, Threads::Job& job) {
  try {
    answer({&job}, commit(session, {&job}));
  } catch (const pqxx::foreign_key_violation&) {
    job.out.set_exception(std::make_exception_ptr(UnknownOrganization("there is no such organization")));
  } catch (const pqxx::sql_error& error) {
    // 22: values that the database does not take; the parser should have refused them.
    if (error.sqlstate().starts_with("22"))
      job.out.set_exception(
          std::make_exception_ptr(BadMessage("the event cannot be stored: " + std::string(error.what()))));
    else
      job.out.set_exception(std::current_exception());
  } catch (...) {
    job.out.set_exception(std::current_exception());
  }
}

std::vector<FiledEvent> EventWriter::commit(DatabaseSession& session, const Batch& batch) {
  std::vector<const VapiEvent*> events;
  for (const auto* job : batch) events.push_back(&job->in);
  std::vector<FiledEvent> filed;
  session.transaction([&](pqxx::work& tx) {
    const auto rows = session.run(tx, kReceive, parameters_of(events));
    filed.assign(events.size(), {});
    std::vector<StartRequest> requests;
    std::vector<std::size_t> origins;
    for (std::size_t i = 0; i < events.size(); ++i) {
      const auto row = rows[static_cast<pqxx::result::size_type>(i)];
      filed[i].is_new = row[0].as<bool>();
      const auto& message = events[i]->message;
      if (!filed[i].is_new || !(message.starts_call() || message.ends_call())) continue;
      const holdfast::Timestamp key_time{std::chrono::microseconds(row[1].as<std::int64_t>())};
      requests.push_back(request_for(*events[i], key_time));
      origins.push_back(i);
    }
    const auto started = client_.start_many_in(tx, requests);
    for (std::size_t i = 0; i < started.size(); ++i) {
      filed[origins[i]].started = started[i].status == holdfast::store::StartStatus::started;
      if (!filed[origins[i]].started)
        spdlog::warn("event of call {}: workflow {} exists already", events[origins[i]]->message.call_id,
                     requests[i].workflow_id);
    }
  });
  commits_.fetch_add(1, std::memory_order_relaxed);
  events_.fetch_add(static_cast<std::int64_t>(events.size()), std::memory_order_relaxed);
  return filed;
}

}  // namespace platform::ingress
