#include "accel/registry/challenge.hpp"

#include <optional>

#include "accel/net/text.hpp"

namespace accel::registry {

namespace {

constexpr std::size_t kMaxChallenges = 16;
constexpr std::size_t kMaxParameters = 32;

bool is_token_char(char c) {
  constexpr std::string_view kExtra = "!#$%&'*+-.^_`|~/";  // '/' for token68 credentials such as Negotiate's
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kExtra.find(c) != std::string_view::npos;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  [[nodiscard]] bool done() const { return text_.empty(); }
  void skip_blanks() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\t')) text_.remove_prefix(1);
  }
  void skip_separators() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\t' || text_.front() == ',')) {
      text_.remove_prefix(1);
    }
  }
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::string_view token() {
    std::size_t length = 0;
    while (length < text_.size() && is_token_char(text_[length])) ++length;
    const auto found = text_.substr(0, length);
    text_.remove_prefix(length);
    return found;
  }
  std::optional<std::string> value() {
    if (!take('"')) return std::string(token());
    std::string out;
    while (!text_.empty()) {
      char c = text_.front();
      text_.remove_prefix(1);
      if (c == '"') return out;
      if (c == '\\' && !text_.empty()) {
        c = text_.front();
        text_.remove_prefix(1);
      }
      out.push_back(c);
    }
    return std::nullopt;  // the quote never ends
  }

 private:
  std::string_view text_;
};

}  // namespace

std::string Challenge::get(const std::string& name) const {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : found->second;
}

std::vector<Challenge> parse_challenges(std::string_view field) {
  std::vector<Challenge> challenges;
  Reader reader(field);
  reader.skip_separators();
  while (!reader.done()) {
    const auto word = reader.token();
    if (word.empty()) return challenges;
    reader.skip_blanks();
    // `name = value` continues the challenge before it; a word without '=' begins a new one.
    if (reader.take('=')) {
      while (reader.take('=')) {
      }  // padding of token68
      reader.skip_blanks();
      auto value = reader.value();
      if (!value || challenges.empty()) return challenges;
      auto& parameters = challenges.back().parameters;
      if (parameters.size() < kMaxParameters) parameters.emplace(net::to_lower(word), std::move(*value));
    } else {
      if (challenges.size() == kMaxChallenges) return challenges;
      challenges.push_back({net::to_lower(word), {}});
    }
    reader.skip_separators();
  }
  return challenges;
}

}  // namespace accel::registry
