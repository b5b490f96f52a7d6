// Command layertool runs the reference implementations of lazily pulled layer formats on single blobs, so that the
// tests can compare them with ours: "read" opens, verifies and reads every file of a blob we wrote, "write" makes a
// blob for our readers. It prints one JSON document.
//
//	layertool read estargz|estargz-external|zstd-stargz|zstd-containers --blob FILE [--toc-digest D] [--toc-blob FILE]
//	                                                [--annotations JSON] [--diff-id D]
//	layertool write estargz|estargz-external|zstd-stargz|zstd-containers --tar FILE --out FILE [--toc-out FILE]
//	                                                [--chunk-size N] [--min-chunk-size N] [--prioritize A,B] [--level N]
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
)

// File is what a reader sees at one path.
type File struct {
	Type   string            `json:"type"`
	Mode   int64             `json:"mode"`
	UID    int               `json:"uid"`
	GID    int               `json:"gid"`
	Size   int64             `json:"size"`
	Link   string            `json:"link,omitempty"`
	SHA256 string            `json:"sha256,omitempty"`
	Xattrs map[string][]byte `json:"xattrs,omitempty"`
}

// Result is what layertool prints.
type Result struct {
	DiffID      string            `json:"diff_id,omitempty"`
	TOCDigest   string            `json:"toc_digest,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Missed      []string          `json:"missed,omitempty"`
	Chunks      int               `json:"chunks,omitempty"`
	Files       map[string]File   `json:"files,omitempty"`
}

type options struct {
	blob, tar, out, tocBlob, tocOut, tocDigest, diffID, annotations, prioritize string
	chunkSize, minChunkSize, level                                              int
}

func run(args []string) (*Result, error) {
	if len(args) < 2 {
		return nil, fmt.Errorf("usage: layertool read|write KIND [flags]")
	}
	var o options
	flags := flag.NewFlagSet("layertool", flag.ContinueOnError)
	flags.StringVar(&o.blob, "blob", "", "blob to read")
	flags.StringVar(&o.tar, "tar", "", "uncompressed tar to encode")
	flags.StringVar(&o.out, "out", "", "blob to write")
	flags.StringVar(&o.tocBlob, "toc-blob", "", "external TOC blob to read")
	flags.StringVar(&o.tocOut, "toc-out", "", "external TOC blob to write")
	flags.StringVar(&o.tocDigest, "toc-digest", "", "expected digest of the TOC")
	flags.StringVar(&o.diffID, "diff-id", "", "expected diffID")
	flags.StringVar(&o.annotations, "annotations", "{}", "annotations of the layer descriptor as JSON")
	flags.StringVar(&o.prioritize, "prioritize", "", "comma separated paths")
	flags.IntVar(&o.chunkSize, "chunk-size", 0, "")
	flags.IntVar(&o.minChunkSize, "min-chunk-size", 0, "")
	flags.IntVar(&o.level, "level", 9, "")
	if err := flags.Parse(args[2:]); err != nil {
		return nil, err
	}
	switch strings.Join(args[:2], " ") {
	case "read estargz", "read estargz-external", "read zstd-stargz":
		return readStargz(args[1], o)
	case "read zstd-containers":
		return readContainers(o)
	case "write estargz", "write estargz-external", "write zstd-stargz":
		return writeStargz(args[1], o)
	case "write zstd-containers":
		return writeContainers(o)
	}
	return nil, fmt.Errorf("unknown command %q", args[:2])
}

func main() {
	result, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "layertool:", err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		fmt.Fprintln(os.Stderr, "layertool:", err)
		os.Exit(1)
	}
}
