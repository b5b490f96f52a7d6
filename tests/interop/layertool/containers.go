package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/opencontainers/go-digest"
	"go.podman.io/storage"
	graphdriver "go.podman.io/storage/drivers"
	"go.podman.io/storage/pkg/archive"
	"go.podman.io/storage/pkg/chunked"
	"go.podman.io/storage/pkg/chunked/compressor"
)

// blobSource serves ranges of a local file as a registry would.
type blobSource struct{ file *os.File }

func (b blobSource) GetBlobAt(ranges []chunked.ImageSourceChunk) (chan io.ReadCloser, chan error, error) {
	streams := make(chan io.ReadCloser)
	errs := make(chan error)
	go func() {
		defer close(streams)
		defer close(errs)
		for _, r := range ranges {
			length := int64(r.Length)
			streams <- io.NopCloser(io.NewSectionReader(b.file, int64(r.Offset), length))
		}
	}()
	return streams, errs, nil
}

// readContainers pulls a zstd:chunked blob the way podman does by default: TOC and tar-split verified, files fetched
// by range, each checked against its digest, the tar rebuilt and hashed. Needs root (it sets owners).
func readContainers(o options) (*Result, error) {
	var annotations map[string]string
	if err := json.Unmarshal([]byte(o.annotations), &annotations); err != nil {
		return nil, err
	}
	file, err := os.Open(o.blob)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(file, 0, info.Size())); err != nil {
		return nil, err
	}
	blobDigest := digest.NewDigest(digest.SHA256, hash)

	work, err := os.MkdirTemp("", "layertool")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	store, err := storage.GetStore(storage.StoreOptions{
		RunRoot: filepath.Join(work, "run"), GraphRoot: filepath.Join(work, "graph"), GraphDriverName: "overlay",
		PullOptions: map[string]string{"enable_partial_images": "true"},
	})
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer store.Shutdown(true)

	differ, err := chunked.NewDiffer(context.Background(), store, blobDigest, info.Size(), annotations,
		blobSource{file})
	if err != nil {
		return nil, fmt.Errorf("new differ: %w", err)
	}
	defer differ.Close()
	dest := filepath.Join(work, "layer")
	if err := os.Mkdir(dest, 0o755); err != nil {
		return nil, err
	}
	output, err := differ.ApplyDiff(dest, &archive.TarOptions{}, &graphdriver.DifferOptions{
		Format: graphdriver.DifferOutputFormatDir, StagingDirectory: work,
	})
	if err != nil {
		return nil, fmt.Errorf("apply: %w", err)
	}
	if output.TarSplit != nil {
		output.TarSplit.Close()
	}
	if o.diffID != "" && output.UncompressedDigest.String() != o.diffID {
		return nil, fmt.Errorf("diffID rebuilt from the tar-split is %s, want %s", output.UncompressedDigest, o.diffID)
	}
	result := &Result{DiffID: output.UncompressedDigest.String(), TOCDigest: output.TOCDigest.String()}
	result.Files, err = listFiles(dest)
	return result, err
}

func listFiles(root string) (map[string]File, error) {
	files := map[string]File{}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == root {
			return err
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		f := File{Mode: int64(info.Mode().Perm())}
		switch {
		case info.IsDir():
			f.Type = "dir"
		case info.Mode()&fs.ModeSymlink != 0:
			f.Type = "symlink"
			if f.Link, err = os.Readlink(name); err != nil {
				return err
			}
		case info.Mode().IsRegular():
			f.Type = "reg"
			f.Size = info.Size()
			content, err := os.Open(name)
			if err != nil {
				return err
			}
			defer content.Close()
			hash := sha256.New()
			if _, err := io.Copy(hash, content); err != nil {
				return err
			}
			f.SHA256 = hex.EncodeToString(hash.Sum(nil))
		default:
			f.Type = "other"
		}
		files[relative] = f
		return nil
	})
	return files, err
}

// writeContainers encodes a tar as podman does on push.
func writeContainers(o options) (*Result, error) {
	in, err := os.Open(o.tar)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	out, err := os.Create(o.out)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	result := &Result{Annotations: map[string]string{}}
	writer, err := compressor.ZstdCompressor(out, result.Annotations, &o.level)
	if err != nil {
		return nil, err
	}
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(writer, hash), in); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	result.DiffID = "sha256:" + hex.EncodeToString(hash.Sum(nil))
	return result, nil
}
