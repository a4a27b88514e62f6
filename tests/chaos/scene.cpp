#include "scene.hpp"

#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <pqxx/pqxx>

#include <activities/demo_data.hpp>
#include <activities/schema/embedded_migrations.hpp>
#include <activities/usage.hpp>
#include <holdfast/client/uuid_generator.hpp>
#include <holdfast/store/postgres/migrations.hpp>
#include <holdfast/store/postgres/postgres_store.hpp>
#include <workflows/call_processing.hpp>

#include "transfer.hpp"

namespace chaos {
namespace {

using namespace std::chrono_literals;
using holdfast::Uuid;

constexpr int kOrganizations = 5;

Uuid organization(int n) { return Uuid::parse(fmt::format("00000000-0000-7000-8000-{:012d}", n % kOrganizations + 1)); }

std::string call_id(int n) { return fmt::format("call-{}", n); }
std::string transfer_id(int n) { return fmt::format("transfer-{}", n); }

int duration_seconds(int n) { return n * 17 % 600; }

/// Calls differ: some have no transcript, some no recording.
std::string report(int n) {
  const int seconds = duration_seconds(n);
  const std::string transcript =
      n % 5 == 0 ? "" : R"("transcript": "AI: Hello.\nUser: Please call me back tomorrow at ten.\nAI: I will.",)";
  const std::string recording = n % 7 == 0 ? "" : R"("recordingUrl": "https://vendor.test/1.wav",)";
  return fmt::format(R"({{"message": {{"type": "end-of-call-report", "endedReason": "customer-ended-call",
    "startedAt": "2026-01-01T10:00:00.000Z", "endedAt": "2026-01-01T10:{:02d}:{:02d}.000Z",
    "call": {{"id": "{}", "type": "inboundPhoneCall"}},
    "artifact": {{{}{}"messages": []}}, "analysis": {{"summary": "A call."}}}}}})",
                     seconds / 60, seconds % 60, call_id(n), transcript, recording);
}

}  // namespace

std::int64_t Scene::minutes_of(int n) { return platform::billable_minutes(duration_seconds(n) * 1000LL); }

Scene::Scene() {
  using holdfast::store::postgres::Migrator;
  postgres_.create_database("chaos");
  Migrator(owner_url(), "engine", holdfast::store::postgres::embedded_engine_migrations()).apply();
  Migrator(owner_url(), "platform", platform::embedded_platform_migrations()).apply();
  pqxx::connection connection(owner_url());
  pqxx::work tx(connection);
  for (int n = 0; n < kOrganizations; ++n) {
    platform::DemoOrganization made;
    made.id = organization(n);
    made.slug = fmt::format("organization-{}", n);
    if (n % 2 == 0) made.sms_to = "+14155550123";
    if (n % 3 == 0) made.email_to = "people@example.com";
    platform::create_demo_organization(tx, made);
  }
  tx.exec("CREATE SCHEMA chaos");
  tx.exec("CREATE TABLE chaos.effects (id bigint GENERATED ALWAYS AS IDENTITY, workflow_id text, step bigint)");
  tx.exec("GRANT USAGE ON SCHEMA chaos TO holdfast_runtime");
  tx.exec("GRANT INSERT, SELECT ON chaos.effects TO holdfast_runtime");
  created_at_ = tx.exec1("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")[0].c_str();
  tx.commit();
  store_ = holdfast::store::open_postgres_store(
      {.connection_string = worker_url(), .listen_connection_string = {}, .in_doubt_timeout = 60s});
  client_ = std::make_unique<holdfast::client::Client>(*store_);
}

void Scene::insist(const std::function<void()>& action) {
  const auto deadline = std::chrono::steady_clock::now() + 90s;
  for (;;) {
    try {
      return action();
    } catch (const holdfast::store::Unavailable&) {
      if (std::chrono::steady_clock::now() > deadline) throw;
    } catch (const pqxx::failure&) {  // broken connections, cut statements
      if (std::chrono::steady_clock::now() > deadline) throw;
    }
    std::this_thread::sleep_for(20ms);
  }
}

void Scene::start_calls(int count) {
  constexpr int kBatch = 100;
  for (int left = count; left > 0; left -= kBatch) {
    const int batch = std::min(left, kBatch);
    insist([&] { file_reports(calls_, batch); });
    start_runs(calls_, batch);
    approve(calls_, batch);
    calls_ += batch;
  }
}

void Scene::file_reports(int first, int count) {
  pqxx::connection connection(owner_url());
  pqxx::work tx(connection);
  for (int n = first; n < first + count; ++n) {
    tx.exec_params("SELECT platform.receive_vapi_event($1::uuid, $2, 'end-of-call-report', '', $3::timestamptz, $4)",
                   organization(n).to_string(), call_id(n), created_at_, report(n));
  }
  tx.commit();
}

void Scene::start_runs(int first, int count) {
  using holdfast::client::Client;
  std::vector<holdfast::client::StartRequest> requests;
  for (int n = first; n < first + count; ++n) {
    const platform::CallKey call{organization(n), call_id(n), holdfast::parse_rfc3339(created_at_)};
    requests.push_back(Client::request(platform::kCallProcessing, platform::call_workflow_id(call), call));
    if (n % 3 == 0) requests.push_back(Client::request(kTransfer, transfer_id(n), {.pause_ms = n * 37 % 4000}));
  }
  // The same ids in every attempt: a start whose answer was lost is not started again.
  for (auto& request : requests) request.options.run_id = holdfast::client::new_uuid();
  insist([&] {
    for (const auto& result : client_->start_many(requests)) {
      if (result.status != holdfast::store::StartStatus::started) throw std::logic_error("a start was refused");
    }
  });
}

void Scene::approve(int first, int count) {
  for (int n = first; n < first + count; ++n) {
    if (n % 3 != 0) continue;
    ++transfers_;
    for (std::int64_t number = 1; number <= kApprovals; ++number) {
      const Uuid message_id = holdfast::client::new_uuid();
      insist([&] {
        try {
          client_->signal(transfer_id(n), approved, {.number = number}, {.message_id = message_id});
        } catch (const holdfast::store::InDoubt&) {  // the message id makes the repetition harmless
          client_->signal(transfer_id(n), approved, {.number = number}, {.message_id = message_id});
        }
      });
    }
  }
}

std::vector<std::string> Scene::query(const std::string& sql) {
  std::vector<std::string> out;
  insist([&] {
    out.clear();
    pqxx::connection connection(owner_url());
    pqxx::nontransaction session(connection);
    for (const auto& row : session.exec(sql)) {
      std::string text;
      for (const auto& field : row) text += (text.empty() ? "" : ", ") + std::string(field.c_str());
      out.push_back(std::move(text));
    }
  });
  return out;
}

std::int64_t Scene::open_calls() {
  return std::stoll(query("SELECT count(*) FROM holdfast.live_runs WHERE workflow_id LIKE 'call-%'").front());
}

std::int64_t Scene::open_runs() { return std::stoll(query("SELECT count(*) FROM holdfast.live_runs").front()); }

}  // namespace chaos
