#include "accel/backend/object_error.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "accel/backend/xml.hpp"
#include "accel/base/error.hpp"
#include "accel/net/redact.hpp"
#include "accel/net/retry.hpp"

namespace accel::backend {

namespace {

constexpr std::size_t kMaxErrorBody = 64U << 10U;
constexpr std::size_t kMaxMessage = 300;

/// Faults that pass, whatever their status: S3 sends RequestTimeout with 400 and SlowDown with 200, too.
constexpr std::array<std::string_view, 6> kPassing = {"InternalError", "OperationAborted",   "RequestTimeout",
                                                      "SlowDown",      "ServiceUnavailable", "Throttling"};

bool passes(int status, std::string_view code) {
  return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504 ||
         std::find(kPassing.begin(), kPassing.end(), code) != kPassing.end();
}

struct Hint {
  std::string_view code, text;
};
constexpr std::array<Hint, 14> kHints = {{
    {"NoSuchBucket", "create the bucket, or correct \"bucket_name\", \"endpoint\" and \"region\""},
    {"InvalidBucketName", "correct \"bucket_name\""},
    {"SignatureDoesNotMatch", "check \"access_key_secret\" and \"region\""},
    {"InvalidAccessKeyId", "check \"access_key_id\""},
    {"InvalidClientTokenId", "check \"access_key_id\""},
    {"XAdminUserNotFound", "check \"access_key_id\""},  // QUIRK: versitygw 1.8.0, with 404
    {"ExpiredToken", "get new temporary credentials"},
    {"InvalidToken", "check the session token, or get new temporary credentials"},
    {"SecurityTokenExpired", "get new temporary credentials"},
    {"RequestTimeTooSkewed", "set this machine's clock: signatures hold the time"},
    {"AuthorizationHeaderMalformed", "set \"region\" to the bucket's region"},
    {"PermanentRedirect", "set \"endpoint\" and \"region\" to those of the bucket"},
    {"TemporaryRedirect", "set \"endpoint\" and \"region\" to those of the bucket"},
    {"EntityTooLarge", "the store limits the size of objects"},
}};

std::string hint_of(const ObjectStore& store, int status, std::string_view code, bool retryable) {
  const auto found = std::find_if(kHints.begin(), kHints.end(), [&](const Hint& hint) { return hint.code == code; });
  if (found != kHints.end()) return std::string(found->text);
  if (status == 401 || status == 403) {
    return "check \"access_key_id\" and \"access_key_secret\"; writing needs " + store.permissions;
  }
  if (status == 301 || status == 307) return "set \"endpoint\" and \"region\" to those of the bucket";
  if (status == 404) return "it may have been deleted by somebody else";
  return retryable ? "the store is overloaded or out of order; try again later"
                   : "the store does not accept this; its log says why";
}

struct Detail {
  std::string code, message;
};

/// Only code and message: the documents of signature errors repeat the signed text and the key's id.
Detail read_detail(std::string_view body) {
  const auto document = parse_xml(body);
  if (!document || document->root != "Error") return {};
  std::string message(document->text("Message").substr(0, kMaxMessage));
  std::replace_if(
      message.begin(), message.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  return {std::string(document->text("Code").substr(0, 80)), std::move(message)};
}

[[noreturn]] void fail(const ObjectAttempt& attempt, int status, const Detail& detail,
                       std::chrono::milliseconds retry_after) {
  RegistryError::Fields fields;
  fields.status = status;
  fields.code = detail.code;
  fields.method = attempt.method;
  fields.url = net::redact(attempt.url);
  fields.retryable = passes(status, detail.code);
  fields.retry_after = retry_after;
  std::string text =
      std::string(attempt.subject) + ": " + fields.method + " " + fields.url + " answered " + std::to_string(status);
  if (!detail.code.empty()) text += " " + detail.code;
  if (!detail.message.empty()) text += " (" + detail.message + ")";
  std::string hint = hint_of(attempt.store, status, detail.code, fields.retryable);
  switch (status) {
    case 401:
    case 403:
      throw Unauthorized(std::move(text), std::move(fields), std::move(hint));
    case 404:
      throw NotFound(std::move(text), std::move(fields), std::move(hint));
    case 429:
      throw RateLimited(std::move(text), std::move(fields), std::move(hint));
    default:
      throw RegistryError(std::move(text), std::move(fields), std::move(hint));
  }
}

}  // namespace

void throw_object_error(const ObjectAttempt& attempt, net::Response& response,
                        std::chrono::system_clock::time_point now) {
  std::optional<std::string> body;
  try {
    body = net::read_all(*response.body, kMaxErrorBody);
  } catch (const RegistryError&) {
    body.reset();  // the status says enough
  }
  const Detail detail = body ? read_detail(*body) : Detail{};
  fail(attempt, response.status, detail, net::parse_retry_after(response.headers.get("Retry-After"), now));
}

void throw_object_error(const ObjectAttempt& attempt, int status, std::string_view body) {
  const Detail detail = read_detail(body);
  fail(attempt, status, detail, std::chrono::milliseconds(0));
}

}  // namespace accel::backend
