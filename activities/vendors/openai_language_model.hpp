#pragma once

#include <activities/vendors/language_model.hpp>
#include <activities/vendors/openai_api.hpp>

namespace platform::vendors {

/// Chat completions with response_format json_schema, strict.
class OpenAiLanguageModel final : public LanguageModel {
 public:
  /// `client` must outlive this object.
  OpenAiLanguageModel(HttpClient& client, OpenAiConfig config) : api_(client, std::move(config)) {}
  ModelAnswer ask(const ModelQuestion& question) override;
  std::string_view vendor() const override { return "openai"; }

 private:
  OpenAiApi api_;
};

}  // namespace platform::vendors
