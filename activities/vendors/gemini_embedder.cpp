#include <activities/vendors/gemini_embedder.hpp>

#include <activities/vendors/json_reader.hpp>
#include <activities/vendors/language_model.hpp>

namespace platform::vendors {

namespace json = boost::json;

Embedded GeminiEmbedder::request(std::span<const std::string> texts) {
  const auto& model = api_.config().embedding_model;
  json::array requests;
  for (const auto& text : texts) {
    json::array parts;
    parts.push_back(json::object{{"text", text}});
    requests.push_back(json::object{{"model", "models/" + model},
                                    {"content", json::object{{"parts", std::move(parts)}}},
                                    {"taskType", "CLUSTERING"},
                                    {"outputDimensionality", kEmbeddingDimensions}});
  }
  const auto answer = api_.post(model, "batchEmbedContents", json::object{{"requests", std::move(requests)}});
  if (element(answer, {"embeddings"}, texts.size()) != nullptr)
    throw_bad_answer("gemini", "the answer has more embeddings than were asked for");
  Embedded out;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto* entry = element(answer, {"embeddings"}, i);
    out.embeddings.push_back(unit_embedding(entry == nullptr ? nullptr : member(*entry, {"values"}), "gemini"));
  }
  return out;
}

}  // namespace platform::vendors
