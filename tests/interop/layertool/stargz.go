package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/containerd/stargz-snapshotter/estargz"
	"github.com/containerd/stargz-snapshotter/estargz/externaltoc"
	"github.com/containerd/stargz-snapshotter/estargz/zstdchunked"
	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
)

// readStargz opens a blob with the stargz-snapshotter's library, verifies the TOC and reads every chunk through its
// verifier, as the snapshotter does when a file is read.
func readStargz(kind string, o options) (*Result, error) {
	file, err := os.Open(o.blob)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	section := io.NewSectionReader(file, 0, info.Size())

	var decompressor estargz.Decompressor
	switch kind {
	case "estargz":
		decompressor = new(estargz.GzipDecompressor)
	case "estargz-external":
		decompressor = externaltoc.NewGzipDecompressor(func() ([]byte, error) { return os.ReadFile(o.tocBlob) })
	case "zstd-stargz":
		decompressor = new(zstdchunked.Decompressor)
	}
	reader, err := estargz.Open(section, estargz.WithDecompressors(decompressor))
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	want := digest.Digest(o.tocDigest)
	if want == "" {
		want = reader.TOCDigest()
	}
	verifier, err := reader.VerifyTOC(want)
	if err != nil {
		return nil, fmt.Errorf("verify TOC: %w", err)
	}
	result := &Result{TOCDigest: reader.TOCDigest().String(), Files: map[string]File{}}
	root, ok := reader.Lookup("")
	if !ok {
		return nil, fmt.Errorf("no root entry")
	}
	if err := walkStargz(reader, verifier, root, "", result); err != nil {
		return nil, err
	}
	return result, nil
}

func walkStargz(reader *estargz.Reader, verifier estargz.TOCEntryVerifier, dir *estargz.TOCEntry, name string,
	result *Result) error {
	var failed error
	dir.ForeachChild(func(base string, entry *estargz.TOCEntry) bool {
		child := path.Join(name, base)
		f := File{Type: entry.Type, Mode: entry.Mode, UID: entry.UID, GID: entry.GID, Size: entry.Size,
			Link: entry.LinkName, Xattrs: entry.Xattrs}
		if entry.Type == "reg" {
			// A hardlink's entry is its target's; chunks are found by the target's name only.
			target := strings.TrimPrefix(path.Clean("/"+entry.Name), "/")
			if f.SHA256, failed = hashStargz(reader, verifier, target, entry, result); failed != nil {
				failed = fmt.Errorf("%s: %w", child, failed)
				return false
			}
		}
		result.Files[child] = f
		if entry.Type == "dir" {
			failed = walkStargz(reader, verifier, entry, child, result)
		}
		return failed == nil
	})
	return failed
}

// hashStargz reads one file chunk by chunk, each through its verifier, and once more as a whole.
func hashStargz(reader *estargz.Reader, verifier estargz.TOCEntryVerifier, name string, entry *estargz.TOCEntry,
	result *Result) (string, error) {
	content, err := reader.OpenFile(name)
	if err != nil {
		return "", err
	}
	whole := sha256.New()
	for offset := int64(0); offset < entry.Size; {
		chunk, ok := reader.ChunkEntryForOffset(name, offset)
		if !ok {
			return "", fmt.Errorf("no chunk at offset %d", offset)
		}
		check, err := verifier.Verifier(chunk)
		if err != nil {
			return "", err
		}
		data := make([]byte, chunk.ChunkSize)
		if _, err := content.ReadAt(data, chunk.ChunkOffset); err != nil && err != io.EOF {
			return "", err
		}
		if _, err := check.Write(data); err != nil {
			return "", err
		}
		if !check.Verified() {
			return "", fmt.Errorf("chunk at offset %d does not verify", offset)
		}
		whole.Write(data)
		offset = chunk.ChunkOffset + chunk.ChunkSize
		result.Chunks++
	}
	sum := hex.EncodeToString(whole.Sum(nil))
	if entry.Digest != "" && entry.Digest != "sha256:"+sum {
		return "", fmt.Errorf("content has digest %s, the TOC says %s", sum, entry.Digest)
	}
	return sum, nil
}

type zstdCompression struct {
	*zstdchunked.Compressor
	*zstdchunked.Decompressor
}

// writeStargz encodes a tar with the stargz-snapshotter's library.
func writeStargz(kind string, o options) (*Result, error) {
	file, err := os.Open(o.tar)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	result := &Result{Annotations: map[string]string{}}
	opts := []estargz.Option{estargz.WithChunkSize(o.chunkSize), estargz.WithMinChunkSize(o.minChunkSize),
		estargz.WithAllowPrioritizeNotFound(&result.Missed)}
	if o.prioritize != "" {
		opts = append(opts, estargz.WithPrioritizedFiles(strings.Split(o.prioritize, ",")))
	}
	var external *externaltoc.GzipCompression
	switch kind {
	case "estargz":
		opts = append(opts, estargz.WithCompressionLevel(o.level))
	case "estargz-external":
		compression := externaltoc.NewGzipCompressionWithLevel(nil, o.level).(*externaltoc.GzipCompression)
		external = compression
		opts = append(opts, estargz.WithCompression(compression))
	case "zstd-stargz":
		opts = append(opts, estargz.WithCompression(&zstdCompression{
			&zstdchunked.Compressor{CompressionLevel: zstd.EncoderLevelFromZstd(o.level), Metadata: result.Annotations},
			&zstdchunked.Decompressor{},
		}))
	}
	blob, err := estargz.Build(io.NewSectionReader(file, 0, info.Size()), opts...)
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	if err := writeTo(o.out, blob); err != nil {
		return nil, err
	}
	if external != nil {
		toc, err := os.Create(o.tocOut)
		if err != nil {
			return nil, err
		}
		defer toc.Close()
		if _, err := external.WriteTOCTo(toc); err != nil {
			return nil, err
		}
	}
	size, err := blob.UncompressedSize()
	if err != nil {
		return nil, err
	}
	result.DiffID = blob.DiffID().String()
	result.TOCDigest = blob.TOCDigest().String()
	result.Annotations[estargz.TOCJSONDigestAnnotation] = result.TOCDigest
	result.Annotations[estargz.StoreUncompressedSizeAnnotation] = fmt.Sprint(size)
	return result, nil
}

func writeTo(name string, from io.Reader) error {
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, from); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
