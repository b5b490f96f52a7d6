#include "accel/registry/api_error.hpp"

#include <nlohmann/json.hpp>

#include "accel/base/error.hpp"
#include "accel/net/redact.hpp"
#include "accel/net/retry.hpp"

namespace accel::registry {

namespace {

constexpr std::size_t kMaxErrorBody = 64U << 10U;
constexpr std::size_t kMaxMessage = 300;

struct Detail {
  std::string code, message;
};

std::string text_of(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// `{"errors": [{"code", "message", "detail"}]}`, `{"details": …}` of token servers, or plain text.
Detail read_detail(net::Response& response) {
  std::optional<std::string> body;
  try {
    body = net::read_all(*response.body, kMaxErrorBody);
  } catch (const RegistryError&) {
    return {};  // the status says enough
  }
  if (!body) return {};
  const auto document = nlohmann::json::parse(*body, nullptr, false);
  if (!document.is_object()) {
    // Pages for browsers help nobody in a terminal.
    const bool page =
        response.headers.get("Content-Type").starts_with("text/html") || body->find('<') != std::string::npos;
    return {"", page ? "" : body->substr(0, body->find_first_of("\r\n"))};
  }
  const auto errors = document.find("errors");
  if (errors != document.end() && errors->is_array() && !errors->empty() && errors->front().is_object()) {
    return {text_of(errors->front(), "code"), text_of(errors->front(), "message")};
  }
  for (const char* name : {"details", "message", "error_description", "error"}) {
    if (auto text = text_of(document, name); !text.empty()) return {text_of(document, "code"), text};
  }
  return {};
}

}  // namespace

bool is_retryable_status(int status) {
  return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

void throw_api_error(const Attempt& attempt, net::Response& response, std::chrono::system_clock::time_point now) {
  const Detail detail = read_detail(response);
  RegistryError::Fields fields;
  fields.status = response.status;
  fields.code = detail.code;
  fields.method = attempt.method;
  fields.url = net::redact(attempt.url);
  fields.retryable = is_retryable_status(response.status);
  fields.retry_after = net::parse_retry_after(response.headers.get("Retry-After"), now);
  std::string text =
      attempt.subject + ": " + attempt.method + " " + fields.url + " answered " + std::to_string(response.status);
  if (!detail.code.empty()) text += " " + detail.code;
  if (!detail.message.empty()) text += " (" + detail.message.substr(0, kMaxMessage) + ")";
  switch (response.status) {
    case 401:
    case 403:
      if (!attempt.scopes.empty()) text += " for scope " + attempt.scopes;
      throw Unauthorized(text, fields, "check credentials with \"accelctl doctor " + attempt.host + "\"");
    case 404:
      throw NotFound(text, fields, attempt.absent.empty() ? "check the name of the repository" : attempt.absent);
    case 429:
      throw RateLimited(text, fields, "wait, or log in for a higher limit");
    case 413:
      throw RegistryError(text, fields, "the registry or a proxy before it limits the size of requests");
    default:
      throw RegistryError(text, fields,
                          fields.retryable ? "the registry is overloaded or out of order; try again later"
                                           : "the registry does not accept this; its log says why");
  }
}

}  // namespace accel::registry
