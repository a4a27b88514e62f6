#include <activities/standin/model_answer.hpp>

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace platform::standin {
namespace {

namespace json = boost::json;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// What stands between <tag …> and </tag>; empty if there is none.
std::string_view inside(std::string_view text, const std::string& tag) {
  const auto open = text.find("<" + tag);
  if (open == text.npos) return {};
  const auto begin = text.find('>', open);
  const auto end = text.find("</" + tag + ">", open);
  if (begin == text.npos || end == text.npos || begin > end) return {};
  return text.substr(begin + 1, end - begin - 1);
}

json::object action_items(std::string_view prompt) {
  json::array items;
  for (const auto line : lines_of(prompt))
    if (line.find("please") != std::string_view::npos)
      items.push_back(json::object{{"text", line}, {"kind", "follow_up"}, {"due", ""}});
  return {{"items", std::move(items)}};
}

json::object pattern(std::string_view prompt) {
  const auto samples = lines_of(inside(prompt, "samples"));
  const auto line = [&](std::size_t i) { return i < samples.size() ? samples[i] : std::string_view("nothing"); };
  return {{"title", line(0)}, {"description", line(1)}};
}

json::object interaction(std::string_view prompt) {
  const auto content = inside(prompt, "interaction");
  json::array products;
  for (const auto product : lines_of(inside(prompt, "products")))
    if (content.find(product) != std::string_view::npos) products.emplace_back(product);
  return {{"description", content}, {"products", std::move(products)}};
}

}  // namespace

std::string model_answer(std::string_view prompt, const json::value& schema) {
  const auto* object = schema.if_object();
  const auto* properties = object == nullptr ? nullptr : object->if_contains("properties");
  const auto has = [&](std::string_view name) {
    return properties != nullptr && properties->is_object() && properties->get_object().contains(name);
  };
  if (has("title")) return json::serialize(pattern(prompt));
  if (has("products")) return json::serialize(interaction(prompt));
  return json::serialize(action_items(prompt));
}

json::array embedding_answer(std::string_view text) {
  std::vector<int> counts(1536);
  counts[0] = 1;  // never all zeros
  for (std::size_t i = 0; i + 3 <= text.size(); ++i) {
    std::uint32_t hash = 2166136261u;
    for (const unsigned char c : text.substr(i, 3)) hash = (hash ^ c) * 16777619u;
    ++counts[hash % counts.size()];
  }
  json::array out;
  for (const int count : counts) out.emplace_back(count);
  return out;
}

}  // namespace platform::standin
