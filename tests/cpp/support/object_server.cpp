#include "support/object_server.hpp"

#include <algorithm>
#include <cstdio>
#include <thread>
#include <utility>

#include "accel/hash/hasher.hpp"

namespace accel::testing {

namespace {

bool matches(const ObjectServer::Fault& fault, const HttpRequest& request) {
  return fault.times > 0 && fault.method == request.method && request.target.find(fault.part) != std::string::npos;
}

std::string tag_of(const std::string& content) {
  return "\"" + hash::sha256(as_bytes(content)).hex().substr(0, 32) + "\"";
}

HttpReply document(const std::string& text) {
  return {200, {{"Content-Type", "application/xml"}}, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + text};
}

HttpReply slice(const std::string& content, const std::string& range) {
  unsigned long long first = 0;
  unsigned long long last = 0;
  if (std::sscanf(range.c_str(), "bytes=%llu-%llu", &first, &last) != 2 || first >= content.size())
    return {416, {}, ""};
  last = std::min<unsigned long long>(last, content.size() - 1);
  HttpReply reply{206, {}, content.substr(first, last - first + 1)};
  reply.headers.emplace_back("Content-Range", "bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" +
                                                  std::to_string(content.size()));
  return reply;
}

}  // namespace

ObjectServer::ObjectServer() {
  server_ = std::make_unique<HttpServer>([this](const HttpRequest& request) { return handle(request); },
                                         [this](const HttpRequest& request) { return body_limit(request); });
}

HttpReply ObjectServer::refusal(int status, const std::string& code) {
  HttpReply reply = document("<Error><Code>" + code + "</Code><Message>scripted</Message></Error>");
  reply.status = status;
  return reply;
}

void ObjectServer::script(Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}

void ObjectServer::behave() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

std::map<std::string, std::string> ObjectServer::objects() const {
  const std::lock_guard lock(mutex_);
  return objects_;
}

void ObjectServer::put(const std::string& path, const std::string& content) {
  const std::lock_guard lock(mutex_);
  objects_[path] = content;
}

std::size_t ObjectServer::uploads() const {
  const std::lock_guard lock(mutex_);
  return uploads_.size();
}

std::vector<HttpRequest> ObjectServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

int ObjectServer::count(const std::string& method, const std::string& part) const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(std::count_if(requests_.begin(), requests_.end(), [&](const HttpRequest& request) {
    return request.method == method && request.target.find(part) != std::string::npos;
  }));
}

int ObjectServer::most_parts_at_once() const {
  const std::lock_guard lock(mutex_);
  return parts_most_;
}

std::optional<std::size_t> ObjectServer::body_limit(const HttpRequest& request) {
  const std::lock_guard lock(mutex_);
  for (const auto& fault : faults_) {
    if (matches(fault, request)) return fault.body_limit;
  }
  return std::nullopt;
}

HttpReply ObjectServer::handle(const HttpRequest& request) {
  const bool part = request.method == "PUT" && !request.query("partNumber").empty();
  if (part) {
    {
      const std::lock_guard lock(mutex_);
      parts_most_ = std::max(parts_most_, ++parts_now_);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // lets others come beside it
  }
  const std::lock_guard lock(mutex_);
  if (part) --parts_now_;
  requests_.push_back(request);
  requests_.back().body.clear();
  const auto fault = std::find_if(faults_.begin(), faults_.end(), [&](const Fault& f) { return matches(f, request); });
  if (fault == faults_.end()) {
    // Read in part because of a fault that others have used up meanwhile.
    const std::string length = request.header("content-length");
    if (!length.empty() && std::stoull(length) != request.body.size()) {
      HttpReply cut;
      cut.no_answer = true;
      return cut;
    }
    return serve(request);
  }
  --fault->times;
  if (fault->act) serve(request);
  return fault->reply;
}

HttpReply ObjectServer::serve(const HttpRequest& request) {
  if (request.target.ends_with("?uploads")) {
    const std::string id = "upload/+" + std::to_string(next_upload_++);  // as opaque as real ones
    uploads_[id].path = request.path();
    return document("<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><UploadId>" + id +
                    "</UploadId></InitiateMultipartUploadResult>");
  }
  return request.query("uploadId").empty() ? serve_object(request) : serve_upload(request);
}

std::optional<std::string> ObjectServer::source(const HttpRequest& request) const {
  for (const char* prefix : {"x-amz-", "x-oss-"}) {
    const auto found = objects_.find(request.header(std::string(prefix) + "copy-source"));
    if (found == objects_.end()) continue;
    const std::string range = request.header(std::string(prefix) + "copy-source-range");
    return range.empty() ? found->second : slice(found->second, range).body;
  }
  return std::nullopt;
}

HttpReply ObjectServer::serve_object(const HttpRequest& request) {
  const std::string path = request.path();
  if (request.method == "PUT") {
    const bool copy = !request.header("x-amz-copy-source").empty() || !request.header("x-oss-copy-source").empty();
    const auto content = copy ? source(request) : request.body;
    if (!content) return refusal(404, "NoSuchKey");
    objects_[path] = *content;
    if (!copy) return {200, {{"ETag", tag_of(*content)}}, ""};
    return document("<CopyObjectResult><ETag>" + tag_of(*content) + "</ETag></CopyObjectResult>");
  }
  const auto found = objects_.find(path);
  if (request.method == "DELETE") {
    if (found != objects_.end()) objects_.erase(found);
    return {204, {}, ""};
  }
  if (found == objects_.end()) return request.method == "HEAD" ? HttpReply{404, {}, ""} : refusal(404, "NoSuchKey");
  if (request.method == "HEAD") {
    HttpReply reply{200, {{"ETag", tag_of(found->second)}}, ""};
    reply.declared_length = found->second.size();
    return reply;
  }
  const std::string range = request.header("range");
  return range.empty() ? HttpReply{200, {}, found->second} : slice(found->second, range);
}

HttpReply ObjectServer::serve_upload(const HttpRequest& request) {
  const auto upload = uploads_.find(request.query("uploadId"));
  if (upload == uploads_.end() || upload->second.path != request.path()) return refusal(404, "NoSuchUpload");
  if (request.method == "DELETE") {
    uploads_.erase(upload);
    return {204, {}, ""};
  }
  if (request.method == "POST") {
    HttpReply reply = complete(request, upload->second);
    if (reply.status == 200) uploads_.erase(upload);
    return reply;
  }
  const bool copy = !request.header("x-amz-copy-source").empty() || !request.header("x-oss-copy-source").empty();
  const auto content = copy ? source(request) : request.body;
  if (!content) return refusal(404, "NoSuchKey");
  upload->second.parts[std::stoi(request.query("partNumber"))] = *content;
  if (!copy) return {200, {{"ETag", tag_of(*content)}}, ""};
  return document("<CopyPartResult><ETag>&quot;" + tag_of(*content).substr(1, 32) + "&quot;</ETag></CopyPartResult>");
}

/// Takes the list only when it names exactly the parts that came, in order, with their tags.
HttpReply ObjectServer::complete(const HttpRequest& request, Upload& upload) {
  std::string list, content;
  for (const auto& [number, part] : upload.parts) {
    const std::string tag = tag_of(part).substr(1, 32);
    list += "<Part><PartNumber>" + std::to_string(number) + "</PartNumber><ETag>&quot;" + tag + "&quot;</ETag></Part>";
    content += part;
  }
  if (request.body != "<CompleteMultipartUpload>" + list + "</CompleteMultipartUpload>") {
    return refusal(400, "InvalidPart");
  }
  objects_[upload.path] = content;
  return document("<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>");
}

}  // namespace accel::testing
