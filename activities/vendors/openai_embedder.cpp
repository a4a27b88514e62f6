#include <activities/vendors/openai_embedder.hpp>

#include <activities/vendors/json_reader.hpp>
#include <activities/vendors/language_model.hpp>

namespace platform::vendors {

namespace json = boost::json;

Embedded OpenAiEmbedder::request(std::span<const std::string> texts) {
  json::array input;
  for (const auto& text : texts) input.emplace_back(text);
  const auto answer = api_.post("/embeddings", json::object{{"model", api_.config().embedding_model},
                                                            {"input", std::move(input)},
                                                            {"dimensions", kEmbeddingDimensions},
                                                            {"encoding_format", "float"}});
  Embedded out{.embeddings = std::vector<Embedding>(texts.size()),
               .prompt_tokens = integer_member(answer, {"usage", "prompt_tokens"})};
  for (std::size_t i = 0; const auto* entry = element(answer, {"data"}, i); ++i) {
    const auto* index = member(*entry, {"index"});
    const auto place = index != nullptr && index->is_int64() ? index->get_int64() : -1;
    if (place < 0 || place >= static_cast<std::int64_t>(texts.size()))
      throw_bad_answer("openai", "an embedding has an index that was not asked for");
    out.embeddings[static_cast<std::size_t>(place)] = unit_embedding(member(*entry, {"embedding"}), "openai");
  }
  for (const auto& embedding : out.embeddings)
    if (embedding.empty()) throw_bad_answer("openai", "an embedding is missing");
  return out;
}

}  // namespace platform::vendors
