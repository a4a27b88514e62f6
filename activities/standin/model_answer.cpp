#include <activities/standin/model_answer.hpp>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace platform::standin {

std::string model_answer(std::string_view prompt) {
  boost::json::array items;
  while (!prompt.empty()) {
    const auto end = std::min(prompt.find('\n'), prompt.size());
    const auto line = prompt.substr(0, end);
    if (line.find("please") != std::string_view::npos) {
      items.push_back(boost::json::object{{"text", line}, {"kind", "follow_up"}, {"due", ""}});
    }
    prompt.remove_prefix(std::min(end + 1, prompt.size()));
  }
  return boost::json::serialize(boost::json::object{{"items", std::move(items)}});
}

}  // namespace platform::standin
