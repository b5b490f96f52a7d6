/// The whole exception hierarchy. `bindings/errors.cpp` maps it 1:1 to `accel.Error` in Python.
///
///   Error ── ConfigError · InvalidReference · UnsupportedError · Cancelled
///         ├─ FormatError{digest, path, offset}
///         ├─ DigestMismatch{expected, actual, length}
///         ├─ StoreError{path, code}
///         └─ RegistryError{status, code, method, url, retryable}
///              └─ Unauthorized · NotFound · RateLimited{retry_after} · TlsError · Unreachable
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace accel {

/// Base of everything this library throws.
///
/// `what()` is one line: `<context>: <message>; <hint>`. Whoever knows more than the thrower (which image, which
/// layer) catches by reference, calls `add_context` and rethrows with `throw;`, so the type and fields survive.
class Error : public std::exception {
 public:
  explicit Error(std::string message, std::string hint = {});

  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }
  /// The sentence of the thrower alone, without context and hint.
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  /// What the user can do about it; may be empty.
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }

  /// Puts `context` (for example "layer sha256:0123…") in front of the text.
  void add_context(std::string_view context);
  /// Sets the hint unless the thrower gave one.
  void add_hint(std::string_view hint);
  /// Sets the hint in the place of the thrower's, who did not know what it was about.
  void replace_hint(std::string_view hint);

 private:
  void compose();
  std::string context_, message_, hint_, text_;
};

/// Wrong configuration, option or argument.
class ConfigError : public Error {
  using Error::Error;
};

/// Text that is no image reference or location.
class InvalidReference : public Error {
  using Error::Error;
};

/// Well-formed input that asks for something this version does not do.
class UnsupportedError : public Error {
  using Error::Error;
};

/// The operation was cancelled by its CancelToken.
class Cancelled : public Error {
 public:
  Cancelled() : Error("cancelled") {}
};

/// Bad bytes: which blob, which file in it, where.
class FormatError : public Error {
 public:
  struct Where {
    std::string digest;                   ///< of the blob; empty if the thrower cannot know it
    std::string path;                     ///< of the entry inside the blob; may be empty
    std::optional<std::uint64_t> offset;  ///< bytes from the start of the (uncompressed, for tar) stream
  };
  explicit FormatError(std::string message, std::string hint = {});
  /// The text names path and offset as far as they are set.
  FormatError(std::string message, Where where, std::string hint = {});

  [[nodiscard]] const Where& where() const noexcept { return where_; }
  /// Fills in the blob's digest when the thrower could not know it. Does not change the text.
  void set_digest(std::string digest);

 private:
  Where where_;
};

/// Content that is not what its digest or size says.
class DigestMismatch : public Error {
 public:
  /// `subject` says what was checked: "blob", "diffID of layer 3", "chunk at offset 512 of usr/bin/x". The hint is to
  /// get the content again, unless the thrower knows better.
  DigestMismatch(std::string_view subject, std::string expected, std::string actual, std::uint64_t length,
                 std::string hint = {});

  [[nodiscard]] const std::string& expected() const noexcept { return expected_; }
  [[nodiscard]] const std::string& actual() const noexcept { return actual_; }
  /// Bytes that were hashed.
  [[nodiscard]] std::uint64_t length() const noexcept { return length_; }

 private:
  std::string expected_, actual_;
  std::uint64_t length_;
};

/// A local file or directory could not be read or written.
class StoreError : public Error {
 public:
  /// `code` is an errno value, or 0. The text is `<attempt> <path>: <strerror>`. Codes with one remedy (a full disk, no
  /// permission) bring their own hint.
  StoreError(std::string_view attempt, std::string path, int code, std::string hint = {});

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] int code() const noexcept { return code_; }

 private:
  std::string path_;
  int code_;
};

/// A registry refused, failed, or could not be reached.
class RegistryError : public Error {
 public:
  struct Fields {
    int status = 0;                            ///< HTTP status; 0 when there was no answer
    std::string code;                          ///< the registry's own error code, for example MANIFEST_UNKNOWN
    std::string method;                        ///< HTTP method
    std::string url;                           ///< redacted
    bool retryable = false;                    ///< the only thing that decides on retries
    std::chrono::milliseconds retry_after{0};  ///< from Retry-After; 0 when absent
  };
  RegistryError(std::string message, Fields fields, std::string hint = {});

  [[nodiscard]] const Fields& fields() const noexcept { return fields_; }
  [[nodiscard]] int status() const noexcept { return fields_.status; }
  [[nodiscard]] bool retryable() const noexcept { return fields_.retryable; }

 private:
  Fields fields_;
};

class Unauthorized : public RegistryError {  ///< 401, 403
  using RegistryError::RegistryError;
};
class NotFound : public RegistryError {  ///< 404
  using RegistryError::RegistryError;
};
class RateLimited : public RegistryError {  ///< 429
  using RegistryError::RegistryError;
};
class TlsError : public RegistryError {  ///< certificate or handshake
  using RegistryError::RegistryError;
};
class Unreachable : public RegistryError {  ///< DNS, connect, reset, time-out
  using RegistryError::RegistryError;
};

}  // namespace accel
