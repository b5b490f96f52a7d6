/// A RAFS file system as a tar stream.
#pragma once

#include "accel/base/cancel.hpp"
#include "accel/formats/nydus/file_reader.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"
#include "accel/io/sink.hpp"

namespace accel::formats::nydus {

/// Writes all of `rafs`, whose content `files` gives. The same bytes for the same tree and blobs: first directories,
/// links, devices and empty files, parents before their children and names in byte order; then files with content in
/// the order in which it is stored, each followed by its further names as hardlinks. PAX headers only where needed. So
/// blobs are read front to back. Whiteouts are empty files here as they are in OCI layers. Throws what reading throws.
void write_tar(const Rafs& rafs, FileReader& files, io::ByteSink& sink, const CancelToken& cancel);

}  // namespace accel::formats::nydus
