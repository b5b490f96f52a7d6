// Command snapshotter serves stargz-snapshotter's file system to containerd on a Unix socket: what the package
// containerd-stargz-grpc does, of which the module proxy has only the library. The layers of an image that containerd
// asks for are mounted through FUSE; their files are fetched from the registry when they are read, and verified.
//
//	snapshotter SOCKET ROOT
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	snapshotsapi "github.com/containerd/containerd/api/services/snapshots/v1"
	"github.com/containerd/containerd/v2/contrib/snapshotservice"
	"github.com/containerd/stargz-snapshotter/fs/config"
	"github.com/containerd/stargz-snapshotter/service"
	"google.golang.org/grpc"
)

func run(ctx context.Context, socket, root string) error {
	if err := os.MkdirAll(root, 0o711); err != nil {
		return err
	}
	snapshotter, err := service.NewStargzSnapshotterService(ctx, root, &service.Config{Config: config.Config{
		// Only what a test reads is to be fetched, each chunk verified; a layer without verified TOC is not mounted.
		NoPrefetch:        true,
		NoBackgroundFetch: true,
		NoPrometheus:      true,
	}})
	if err != nil {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	snapshotsapi.RegisterSnapshotsServer(server, snapshotservice.FromSnapshotter(snapshotter))
	go func() {
		<-ctx.Done()
		server.Stop()
	}()
	if err := server.Serve(listener); err != nil {
		return err
	}
	return snapshotter.Close() // unmounts every layer
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: snapshotter SOCKET ROOT")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1], filepath.Clean(os.Args[2])); err != nil {
		fmt.Fprintln(os.Stderr, "snapshotter:", err)
		os.Exit(1)
	}
}
