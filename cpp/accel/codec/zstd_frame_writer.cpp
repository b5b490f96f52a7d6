#include "accel/codec/zstd_frame_writer.hpp"

#include <zstd.h>

#include <new>
#include <string>

#include "accel/base/error.hpp"
#include "accel/codec/zstd_context.hpp"

namespace accel::codec {

namespace {

std::size_t checked(std::size_t code, const char* attempt) {
  if (ZSTD_isError(code) != 0) throw Error(std::string(attempt) + ": " + ZSTD_getErrorName(code));
  return code;
}

}  // namespace

struct ZstdFrameWriter::Context {
  ZstdCompressor handle{ZSTD_createCCtx()};
  Buffer block;
};

ZstdFrameWriter::ZstdFrameWriter(int level, std::uint64_t size, io::ByteSink& sink)
    : context_(std::make_unique<Context>()), sink_(sink) {
  if (level < 1 || level > 22) {
    throw ConfigError("zstd compression level is " + std::to_string(level) + ", want 1 to 22");
  }
  if (!context_->handle) throw std::bad_alloc();
  ZSTD_CCtx* const handle = context_->handle.get();
  checked(ZSTD_CCtx_setParameter(handle, ZSTD_c_compressionLevel, level), "set up zstd");
  checked(ZSTD_CCtx_setPledgedSrcSize(handle, size), "set up zstd");
  context_->block.resize(ZSTD_CStreamOutSize());
}

ZstdFrameWriter::~ZstdFrameWriter() = default;

void ZstdFrameWriter::write(ByteView bytes) { run(bytes, false); }

void ZstdFrameWriter::finish() { run({}, true); }

void ZstdFrameWriter::run(ByteView bytes, bool last) {
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  std::size_t left = 0;
  do {
    ZSTD_outBuffer output{context_->block.data(), context_->block.size(), 0};
    left = checked(ZSTD_compressStream2(context_->handle.get(), &output, &input, last ? ZSTD_e_end : ZSTD_e_continue),
                   "compress zstd");
    if (output.pos > 0) sink_.write(context_->block.view().first(output.pos));
  } while (last ? left > 0 : input.pos < input.size);
}

}  // namespace accel::codec
