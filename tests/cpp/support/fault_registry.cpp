#include "support/fault_registry.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "accel/hash/hasher.hpp"

namespace accel::testing {

namespace {

std::string digest_of(const std::string& content) { return hash::sha256(as_bytes(content)).to_string(); }

bool matches(const FaultRegistry::Fault& fault, const HttpRequest& request) {
  return fault.times > 0 && fault.method == request.method && request.target.find(fault.part) != std::string::npos;
}

/// What follows `marker` in a path, "" when it is not there.
std::string after(const std::string& path, const std::string& marker) {
  const auto found = path.find(marker);
  return found == std::string::npos ? "" : path.substr(found + marker.size());
}

/// The slice that a Range header asks for.
HttpReply slice(const std::string& content, const std::string& range) {
  unsigned long long first = 0;
  unsigned long long last = 0;
  const int fields = std::sscanf(range.c_str(), "bytes=%llu-%llu", &first, &last);
  if (fields < 1 || first >= content.size()) return {416, {}, ""};
  if (fields == 1 || last >= content.size()) last = content.size() - 1;
  HttpReply reply{206, {}, content.substr(first, last - first + 1)};
  reply.headers.emplace_back("Content-Range", "bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" +
                                                  std::to_string(content.size()));
  return reply;
}

}  // namespace

FaultRegistry::FaultRegistry(Behaviour behaviour) : behaviour_(std::move(behaviour)) {
  server_ = std::make_unique<HttpServer>([this](const HttpRequest& request) { return handle(request); },
                                         [this](const HttpRequest& request) { return body_limit(request); });
}

void FaultRegistry::script(Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}

void FaultRegistry::put_blob(const std::string& digest, const std::string& content) {
  const std::lock_guard lock(mutex_);
  blobs_[digest] = content;
}

void FaultRegistry::put_manifest(const std::string& reference, const std::string& media_type,
                                 const std::string& content) {
  const std::lock_guard lock(mutex_);
  manifests_[reference] = {media_type, content};
}

std::string FaultRegistry::blob(const std::string& digest) const {
  const std::lock_guard lock(mutex_);
  const auto found = blobs_.find(digest);
  return found == blobs_.end() ? "" : found->second;
}

std::vector<HttpRequest> FaultRegistry::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

int FaultRegistry::count(const std::string& method, const std::string& part) const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(std::count_if(requests_.begin(), requests_.end(), [&](const HttpRequest& request) {
    return request.method == method && request.target.find(part) != std::string::npos;
  }));
}

std::size_t FaultRegistry::sessions() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

std::optional<std::size_t> FaultRegistry::body_limit(const HttpRequest& request) {
  const std::lock_guard lock(mutex_);
  for (const auto& fault : faults_) {
    if (matches(fault, request)) return fault.body_limit;
  }
  return std::nullopt;
}

HttpReply FaultRegistry::handle(const HttpRequest& request) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(request);
  requests_.back().body.clear();
  const auto fault = std::find_if(faults_.begin(), faults_.end(), [&](const Fault& f) { return matches(f, request); });
  if (fault == faults_.end()) return serve(request);
  --fault->times;
  if (fault->alter) {
    HttpReply reply = serve(request);
    fault->alter(request, reply);
    return reply;
  }
  if (fault->act) serve(request);
  if (fault->keep_partial) sessions_[after(request.path(), "/blobs/uploads/")] += request.body;
  return fault->reply;
}

HttpReply FaultRegistry::error(int status, const std::string& code) const {
  HttpReply reply{status, {}, R"({"errors":[{"code":")" + code + R"(","message":"scripted"}]})"};
  reply.headers.emplace_back("Content-Type", "application/json");
  return reply;
}

HttpReply FaultRegistry::serve(const HttpRequest& request) {
  const std::string path = request.path();
  if (path == "/v2/") return {200, {}, "{}"};
  if (const auto id = after(path, "/blobs/uploads/"); !id.empty()) return serve_upload(request, id);
  if (path.ends_with("/blobs/uploads/")) return start_upload(request);
  if (const auto digest = after(path, "/blobs/"); !digest.empty()) return serve_blob(request, digest);
  if (const auto reference = after(path, "/manifests/"); !reference.empty()) return serve_manifest(request, reference);
  if (path.ends_with("/tags/list")) {
    std::string list;
    for (const auto& tag : tags_) list += (list.empty() ? "\"" : ",\"") + tag + "\"";
    return {200, {{"Content-Type", "application/json"}}, "{\"name\":\"x\",\"tags\":[" + list + "]}"};
  }
  if (behaviour_.referrers_api && path.find("/referrers/") != std::string::npos) {
    return {200,
            {{"Content-Type", "application/vnd.oci.image.index.v1+json"}},
            R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})"};
  }
  return error(404, "UNSUPPORTED");
}

HttpReply FaultRegistry::serve_blob(const HttpRequest& request, const std::string& digest) {
  if (!behaviour_.blob_redirect.empty()) return {307, {{"Location", behaviour_.blob_redirect + request.target}}, ""};
  const auto found = blobs_.find(digest);
  if (found == blobs_.end()) return error(404, "BLOB_UNKNOWN");
  const std::string range = request.header("range");
  if (!range.empty() && !behaviour_.ignore_ranges) return slice(found->second, range);
  return {200, {{"Docker-Content-Digest", digest}}, found->second};
}

HttpReply FaultRegistry::serve_manifest(const HttpRequest& request, const std::string& reference) {
  if (request.method == "PUT") {
    const std::string digest = digest_of(request.body);
    for (const auto& name : {reference, digest}) manifests_[name] = {request.header("content-type"), request.body};
    if (reference.find(':') == std::string::npos) tags_.push_back(reference);
    HttpReply reply{201, {{"Docker-Content-Digest", digest}}, ""};
    if (behaviour_.referrers_api) reply.headers.emplace_back("OCI-Subject", "sha256:0");
    return reply;
  }
  const auto found = manifests_.find(reference);
  if (found == manifests_.end()) return error(404, "MANIFEST_UNKNOWN");
  return {200,
          {{"Content-Type", found->second.media_type}, {"Docker-Content-Digest", digest_of(found->second.content)}},
          found->second.content};
}

HttpReply FaultRegistry::start_upload(const HttpRequest& request) {
  if (const auto mount = request.query("mount"); !mount.empty() && blobs_.contains(mount)) return {201, {}, ""};
  const std::string id = std::to_string(next_session_++);
  sessions_[id] = "";
  return session_reply(202, id);
}

HttpReply FaultRegistry::session_reply(int status, const std::string& id) const {
  const std::size_t size = sessions_.at(id).size();
  HttpReply reply{status, {}, ""};
  reply.headers.emplace_back("Location", behaviour_.other_location + "/v2/app/blobs/uploads/" + id + "?state=a%2Fb");
  reply.headers.emplace_back("Range", "0-" + std::to_string(size == 0 ? 0 : size - 1));
  return reply;
}

HttpReply FaultRegistry::serve_upload(const HttpRequest& request, const std::string& id) {
  const auto session = sessions_.find(id);
  if (session == sessions_.end()) return error(404, "BLOB_UPLOAD_UNKNOWN");
  if (request.method == "GET") return session_reply(204, id);
  if (request.method == "DELETE") {
    sessions_.erase(session);
    return {204, {}, ""};
  }
  if (request.method == "PATCH") {
    const std::string range = request.header("content-range");
    if (!range.empty() && !behaviour_.chunked_uploads) return error(400, "UNSUPPORTED");
    if (!range.empty() && std::strtoull(range.c_str(), nullptr, 10) != session->second.size()) {
      return session_reply(416, id);
    }
    session->second += request.body;
    return session_reply(202, id);
  }
  const std::string content = session->second + request.body;
  const std::string digest = request.query("digest");
  if (digest != digest_of(content)) return error(400, "DIGEST_INVALID");
  blobs_[digest] = content;
  sessions_.erase(session);
  return {201, {{"Docker-Content-Digest", digest}, {"Location", "/v2/app/blobs/" + digest}}, ""};
}

}  // namespace accel::testing
