#include "accel/registry/mount.hpp"

#include "accel/base/error.hpp"
#include "accel/registry/blob_pull.hpp"
#include "accel/registry/upload_session.hpp"

namespace accel::registry {

bool mount_blob(const Place& place, const oci::Descriptor& blob, const std::string& from, const CancelToken& cancel) {
  if (from == place.repository) return has_blob(place, blob, cancel);
  Call call;
  call.method = "POST";
  call.path = place.path("blobs/uploads/?mount=" + net::percent_encode(blob.digest.to_string()) +
                         "&from=" + net::percent_encode(from));
  // The registry must see that we may read there, or it refuses.
  call.scopes = merge(place.push(), {pull_scope(from)});
  call.subject = "mount blob " + blob.digest.short_string() + " of " + from + " in " + place.name();
  try {
    const Answer answer = place.host->send(call, {201, 202}, cancel);
    if (answer.status == 201) return true;
    const UploadSession unwanted(place, answer);  // deleted here
    return false;
  } catch (const Unauthorized&) {
    return false;  // not allowed to read `from` with this token; a copy needs no such right
  } catch (const NotFound&) {
    return false;
  }
}

}  // namespace accel::registry
