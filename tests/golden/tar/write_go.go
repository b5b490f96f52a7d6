// Writes a tar file with Go's archive/tar, which writes most layers in the wild (Docker, BuildKit).
package main

import (
	"archive/tar"
	"log"
	"os"
	"strings"
	"time"
)

func main() {
	file, err := os.Create(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	writer := tar.NewWriter(file)
	base := time.Unix(1700000000, 0)
	add := func(header *tar.Header, content string) {
		header.Size = int64(len(content))
		if header.ModTime.IsZero() {
			header.ModTime = base
		}
		if err := writer.WriteHeader(header); err != nil {
			log.Fatal(err)
		}
		if _, err := writer.Write([]byte(content)); err != nil {
			log.Fatal(err)
		}
	}
	add(&tar.Header{Typeflag: tar.TypeDir, Name: "usr/", Mode: 0755}, "")
	add(&tar.Header{Typeflag: tar.TypeReg, Name: "usr/plain", Mode: 0644, Uname: "root", Gname: "root"}, "plain\n")
	add(&tar.Header{Typeflag: tar.TypeReg, Name: "usr/" + strings.Repeat("long/", 40) + "name", Mode: 0600}, "long\n")
	add(&tar.Header{Typeflag: tar.TypeReg, Name: "usr/caf\u00e9", Mode: 0644, Uid: 4000000000}, "utf-8\n")
	add(&tar.Header{Typeflag: tar.TypeReg, Name: "usr/xattr", Mode: 04755,
		PAXRecords: map[string]string{"SCHILY.xattr.security.capability": "\x01\x00\x00\x02\x00\x20\x00\x00\n="}}, "x")
	add(&tar.Header{Typeflag: tar.TypeReg, Name: "usr/time", Mode: 0644, Format: tar.FormatPAX,
		ModTime: time.Unix(-2, 250000000), AccessTime: time.Unix(5, 1), ChangeTime: time.Unix(6, 0)}, "")
	add(&tar.Header{Typeflag: tar.TypeReg, Name: "usr/gnu", Mode: 0644, Format: tar.FormatGNU, Uid: 4000000000,
		ModTime: time.Unix(-100, 0)}, "gnu\n")
	add(&tar.Header{Typeflag: tar.TypeSymlink, Name: "usr/symlink", Linkname: strings.Repeat("../", 50) + "target"}, "")
	add(&tar.Header{Typeflag: tar.TypeLink, Name: "usr/hardlink", Linkname: "usr/plain"}, "")
	add(&tar.Header{Typeflag: tar.TypeChar, Name: "usr/null", Mode: 0666, Devmajor: 1, Devminor: 3}, "")
	add(&tar.Header{Typeflag: tar.TypeFifo, Name: "usr/fifo", Mode: 0644}, "")
	add(&tar.Header{Typeflag: tar.TypeReg, Name: "usr/.wh.gone", Mode: 0}, "")
	if err := writer.Close(); err != nil {
		log.Fatal(err)
	}
	if err := file.Close(); err != nil {
		log.Fatal(err)
	}
}
