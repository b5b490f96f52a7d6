#include "accel/base/error.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

namespace accel {

namespace {

std::string at_text(std::string message, const FormatError::Where& where) {
  if (!where.path.empty()) message = where.path + ": " + message;
  if (where.offset) message += " at offset " + std::to_string(*where.offset);
  return message;
}

std::string mismatch_text(std::string_view subject, const std::string& expected, const std::string& actual,
                          std::uint64_t length) {
  std::string text(subject);
  text += ": digest mismatch: want " + expected + ", got " + actual + " over " + std::to_string(length) + " bytes";
  return text;
}

std::string store_text(std::string_view attempt, const std::string& path, int code) {
  std::string text(attempt);
  text += " " + path;
  if (code != 0) text += ": " + std::generic_category().message(code);
  return text;
}

std::string store_hint(int code) {
  switch (code) {
    case ENOSPC:
    case EDQUOT:
      return "free space there, or choose a place that has more";
    case EFBIG:
      return "raise the limit on the size of files (ulimit -f)";
    case EACCES:
    case EPERM:
      return "check owner and permissions, or choose another place";
    case EROFS:
      return "it is mounted read-only; choose another place";
    case EMFILE:
    case ENFILE:
      return "raise the limit on open files (ulimit -n)";
    default:
      return {};
  }
}

}  // namespace

Error::Error(std::string message, std::string hint) : message_(std::move(message)), hint_(std::move(hint)) {
  compose();
}

void Error::add_context(std::string_view context) {
  if (context.empty()) return;
  context_ = context_.empty() ? std::string(context) : std::string(context) + ": " + context_;
  compose();
}

void Error::add_hint(std::string_view hint) {
  if (hint_.empty()) replace_hint(hint);
}

void Error::replace_hint(std::string_view hint) {
  hint_ = hint;
  compose();
}

void Error::compose() {
  text_ = context_.empty() ? message_ : context_ + ": " + message_;
  if (!hint_.empty()) text_ += "; " + hint_;
  // One line whatever hostile input put into names.
  for (char& c : text_) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
}

FormatError::FormatError(std::string message, std::string hint) : Error(std::move(message), std::move(hint)) {}

FormatError::FormatError(std::string message, Where where, std::string hint)
    : Error(at_text(std::move(message), where), std::move(hint)), where_(std::move(where)) {}

void FormatError::set_digest(std::string digest) {
  if (where_.digest.empty()) where_.digest = std::move(digest);
}

DigestMismatch::DigestMismatch(std::string_view subject, std::string expected, std::string actual, std::uint64_t length,
                               std::string hint)
    : Error(mismatch_text(subject, expected, actual, length),
            hint.empty() ? "the content was damaged or replaced; fetch it again, or push the source image again"
                         : std::move(hint)),
      expected_(std::move(expected)),
      actual_(std::move(actual)),
      length_(length) {}

StoreError::StoreError(std::string_view attempt, std::string path, int code, std::string hint)
    : Error(store_text(attempt, path, code), hint.empty() ? store_hint(code) : std::move(hint)),
      path_(std::move(path)),
      code_(code) {}

RegistryError::RegistryError(std::string message, Fields fields, std::string hint)
    : Error(std::move(message), std::move(hint)), fields_(std::move(fields)) {}

}  // namespace accel
