#pragma once

#include <activities/vendors/gemini_api.hpp>
#include <activities/vendors/language_model.hpp>

namespace platform::vendors {

/// Gemini's generateContent with a responseSchema.
class GeminiLanguageModel final : public LanguageModel {
 public:
  /// `client` must outlive this object.
  GeminiLanguageModel(HttpClient& client, GeminiConfig config) : api_(client, std::move(config)) {}
  ModelAnswer ask(const ModelQuestion& question) override;
  std::string_view vendor() const override { return "gemini"; }

 private:
  GeminiApi api_;
};

/// A JSON Schema as Gemini wants it: type names in upper case, no additionalProperties.
boost::json::value gemini_schema(const boost::json::value& schema);

}  // namespace platform::vendors
