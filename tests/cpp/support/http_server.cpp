#include "support/http_server.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <sstream>
#include <thread>

namespace accel::testing {

namespace {

bool receive_more(int fd, std::string& received) {
  char block[65536];
  const ssize_t count = ::recv(fd, block, sizeof block, 0);
  if (count <= 0) return false;
  received.append(block, static_cast<std::size_t>(count));
  return true;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string decode_percent(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out.push_back(static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16)));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string hex(std::size_t value) {
  std::ostringstream text;
  text << std::hex << value;
  return text.str();
}

/// Takes the head off `received`; false when there is none yet.
bool take_head(std::string& received, HttpRequest& request) {
  const auto end = received.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  std::istringstream lines(received.substr(0, end));
  received.erase(0, end + 4);
  std::string line;
  std::getline(lines, line);
  std::istringstream(line) >> request.method >> request.target;
  while (std::getline(lines, line)) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    if (line.back() == '\r') line.pop_back();
    const auto value = line.find_first_not_of(' ', colon + 1);
    request.headers[lower(line.substr(0, colon))] = value == std::string::npos ? "" : line.substr(value);
  }
  return true;
}

/// Reads a chunked body; false when the connection ended first.
bool read_chunked(int fd, std::string& received, std::string& body) {
  for (;;) {
    std::size_t line_end = 0;
    while ((line_end = received.find("\r\n")) == std::string::npos) {
      if (!receive_more(fd, received)) return false;
    }
    const std::size_t size = std::strtoull(received.c_str(), nullptr, 16);
    received.erase(0, line_end + 2);
    while (received.size() < size + 2) {
      if (!receive_more(fd, received)) return false;
    }
    body.append(received, 0, size);
    received.erase(0, size + 2);
    if (size == 0) return true;
  }
}

bool may_have_body(const HttpRequest& request, int status) {
  return request.method != "HEAD" && status != 204 && status != 304;
}

std::string head_text(const HttpRequest& request, const HttpReply& reply) {
  std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " Scripted\r\n";
  for (const auto& [name, value] : reply.headers) text += name + ": " + value + "\r\n";
  if (reply.chunked) {
    text += "Transfer-Encoding: chunked\r\n";
  } else if (!reply.until_close && (may_have_body(request, reply.status) || request.method == "HEAD")) {
    text += "Content-Length: " + std::to_string(reply.declared_length.value_or(reply.body.size())) + "\r\n";
  }
  if (reply.close || reply.until_close) text += "Connection: close\r\n";
  return text + "\r\n";
}

std::string framed(const HttpReply& reply, const std::string& body, bool complete) {
  if (!reply.chunked) return body;
  constexpr std::size_t kPiece = 1000;
  std::string text;
  for (std::size_t done = 0; done < body.size(); done += kPiece) {
    const std::string piece = body.substr(done, kPiece);
    text += hex(piece.size()) + "\r\n" + piece + "\r\n";
  }
  return complete ? text + "0\r\n\r\n" : text;
}

}  // namespace

std::string HttpRequest::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

std::string HttpRequest::query(const std::string& name) const {
  const auto mark = target.find('?');
  if (mark == std::string::npos) return "";
  std::istringstream parts(target.substr(mark + 1));
  for (std::string part; std::getline(parts, part, '&');) {
    if (part.starts_with(name + "=")) return decode_percent(part.substr(name.size() + 1));
  }
  return "";
}

HttpServer::HttpServer(Handler handler, BodyLimit body_limit)
    : handler_(std::move(handler)),
      body_limit_(std::move(body_limit)),
      listener_([this](int fd, int connection) { serve(fd, connection); }) {}

void HttpServer::serve(int fd, int connection) {
  std::string received;
  while (!listener_.stopping() && serve_one(fd, connection, received)) {
  }
}

bool HttpServer::serve_one(int fd, int connection, std::string& received) {
  HttpRequest request;
  request.connection = connection;
  while (!take_head(received, request)) {
    if (!receive_more(fd, received)) return false;
  }
  const auto limit = body_limit_ ? body_limit_(request) : std::nullopt;
  bool complete = true;
  if (request.header("transfer-encoding") == "chunked") {
    complete = read_chunked(fd, received, request.body);
  } else {
    const std::size_t length = std::strtoull(request.header("content-length").c_str(), nullptr, 10);
    const std::size_t wanted = std::min(length, limit.value_or(length));
    while (received.size() < wanted && receive_more(fd, received)) {
    }
    complete = received.size() >= length && wanted == length;
    request.body = received.substr(0, wanted);
    received.erase(0, wanted);
  }
  const HttpReply reply = handler_(request);
  for (auto waited = std::chrono::milliseconds(0); waited < reply.delay && !listener_.stopping();
       waited += std::chrono::milliseconds(10)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  if (reply.reset) reset_on_close(fd);
  if (reply.no_answer) return false;
  const bool cut = reply.cut_after && *reply.cut_after < reply.body.size();
  std::string out = head_text(request, reply);
  if (may_have_body(request, reply.status)) {
    out += framed(reply, cut ? reply.body.substr(0, *reply.cut_after) : reply.body, !cut);
  }
  send_all(fd, out);
  if (cut || reply.close || reply.close_silently || reply.until_close) return false;
  return complete;
}

}  // namespace accel::testing
