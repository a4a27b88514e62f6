#pragma once

#include "platform_fixture.hpp"

#include <atomic>
#include <functional>
#include <mutex>

#include <activities/insight_bodies.hpp>
#include <activities/traffic/interaction_traffic.hpp>
#include <activities/vendors/keyword_insight_writer.hpp>
#include <activities/vendors/ngram_embedder.hpp>
#include <activities/vendors/vendor_error.hpp>

namespace platform::test {

/// Fails while it is told to.
class FickleEmbedder final : public vendors::Embedder {
 public:
  vendors::Embedded embed(std::span<const std::string> texts) override {
    for (const auto& text : texts)
      if (refuses && refuses(text))
        throw vendors::VendorError(
            {.kind = kind, .vendor = "test", .status = status, .code = "no", .message = "as planned"});
    const std::lock_guard lock(mutex_);
    batches.push_back(texts.size());
    return real_.embed(texts);
  }
  const std::string& model() const override { return model_name; }
  std::size_t most_per_request() const override { return 100; }

  std::function<bool(const std::string&)> refuses;
  vendors::VendorErrorKind kind = vendors::VendorErrorKind::permanent;
  int status = 400;
  std::string model_name = "test-1";
  std::vector<std::size_t> batches;

 private:
  std::mutex mutex_;
  vendors::NgramEmbedder real_;
};

/// Fails while it is told to. Several activities ask it at once.
class FickleWriter final : public vendors::InsightWriter {
 public:
  vendors::DescribedInteraction describe(const vendors::ObservedInteraction& interaction) override {
    check();
    auto described = real_.describe(interaction);
    described.prompt_tokens = 30;
    described.completion_tokens = 12;
    return described;
  }
  vendors::DescribedPattern describe(const vendors::PatternEvidence& pattern) override {
    check();
    const std::lock_guard lock(mutex_);
    last_ = pattern;
    return real_.describe(pattern);
  }
  /// The pattern that it was asked about last.
  vendors::PatternEvidence last() const {
    const std::lock_guard lock(mutex_);
    return last_;
  }

  std::atomic<bool> fails = false;

 private:
  void check() const {
    if (fails)
      throw vendors::VendorError({.kind = vendors::VendorErrorKind::permanent, .vendor = "test", .code = "no"});
  }
  mutable std::mutex mutex_;
  vendors::PatternEvidence last_;
  vendors::KeywordInsightWriter real_;
};

/// Interactions, patterns and search on a migrated database.
class InsightTest : public PlatformTest {
 protected:
  /// Runs one step in a transaction of its own.
  template <class Body, class In>
  auto insight_step(const Body& body, const In& in) {
    pqxx::work tx(*connection_);
    auto result = body(insights_, tx, in);
    tx.commit();
    return result;
  }
  /// The partitions of the month before this one and of this one exist; the tests' days are in the latter.
  std::string this_month(int day) {
    return owner_value("SELECT to_char(date_trunc('month', now()) + make_interval(days => " + std::to_string(day - 1) +
                       "), 'YYYY-MM-DD')");
  }
  /// Stores texts as interactions of that day, a second apart, without embeddings.
  void store_texts(const holdfast::Uuid& organization, const std::string& day, const std::vector<std::string>& texts) {
    pqxx::work tx(*owner_);
    tx.exec_params("SELECT set_config('app.organization_id', $1, true)", organization.to_string());
    for (std::size_t i = 0; i < texts.size(); ++i)
      tx.exec_params(
          "INSERT INTO platform.interactions (organization_id, created_at, id, source, description) VALUES ($1::uuid, "
          "$2::date::timestamp AT TIME ZONE 'UTC' + make_interval(secs => $3::double precision), md5($2 || $3::text || "
          "$1)::uuid, 'web', $4)",
          organization.to_string(), day, static_cast<int>(i), texts[i]);
    tx.commit();
  }
  /// What PatternDiscovery does, without a worker.
  PatternsStored discover(const PatternPeriod& period) {
    while (bodies::embed_missing_texts(insights_, period).more) {}
    return finish(period, bodies::find_patterns(insights_, period));
  }
  PatternsStored sum_up(const PatternPeriod& period) {
    return finish(period, bodies::sum_up_patterns(insights_, period));
  }
  PatternsStored finish(const PatternPeriod& period, const PatternsFound& found) {
    for (std::int64_t n = 0; n < found.patterns; ++n)
      bodies::describe_pattern(insights_, {.period = period, .number = n, .plainly = false});
    return insight_step(bodies::store_patterns, period);
  }
  static std::vector<std::string> about_grills(int count) {
    std::vector<std::string> out;
    for (int i = 0; i < count; ++i) out.push_back("Late delivery of the garden grill, order " + std::to_string(i));
    return out;
  }
  static std::vector<std::string> about_lamps(int count) {
    std::vector<std::string> out;
    for (int i = 0; i < count; ++i) out.push_back("Refund of the table lamp missing, case " + std::to_string(100 + i));
    return out;
  }

  FickleEmbedder embedder_;
  FickleWriter writer_;
  InsightServices insights_{{}, database_, embedder_, writer_};
};

}  // namespace platform::test
