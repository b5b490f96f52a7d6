#include "accel/base/error.hpp"

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
  if (!hint_.empty()) return;
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

DigestMismatch::DigestMismatch(std::string_view subject, std::string expected, std::string actual, std::uint64_t length)
    : Error(mismatch_text(subject, expected, actual, length),
            "the content was damaged or replaced; fetch it again, or push the source image again"),
      expected_(std::move(expected)),
      actual_(std::move(actual)),
      length_(length) {}

StoreError::StoreError(std::string_view attempt, std::string path, int code, std::string hint)
    : Error(store_text(attempt, path, code), std::move(hint)), path_(std::move(path)), code_(code) {}

RegistryError::RegistryError(std::string message, Fields fields, std::string hint)
    : Error(std::move(message), std::move(hint)), fields_(std::move(fields)) {}

}  // namespace accel
