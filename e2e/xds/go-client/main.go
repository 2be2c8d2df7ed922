// go-client calls a model server through gRPC's own xDS client, again and again, and prints who answered:
//
//	GRPC_XDS_BOOTSTRAP_CONFIG='{…}' go-client xds:///AUTHORITY
//
// One line a call: the address of the server that answered, or "ERROR" with the reason. It ends with its input.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/peer"
	_ "google.golang.org/grpc/xds"
)

const (
	serverLive = "/inference.GRPCInferenceService/ServerLive"
	pause      = 10 * time.Millisecond
	deadline   = 10 * time.Second
)

// rawCodec hands messages on as the bytes that they are.
type rawCodec struct{}

func (rawCodec) Name() string                       { return "raw" }
func (rawCodec) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (rawCodec) Unmarshal(data []byte, v any) error { *v.(*[]byte) = append([]byte(nil), data...); return nil }

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go-client xds:///AUTHORITY")
		os.Exit(2)
	}
	conn, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer conn.Close()
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	for {
		fmt.Println(call(conn))
		select {
		case <-ended:
			return
		case <-time.After(pause):
		}
	}
}

// call returns the address of the server that answered, or the error.
func call(conn *grpc.ClientConn) string {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	var request, response []byte
	var from peer.Peer
	err := conn.Invoke(ctx, serverLive, &request, &response,
		grpc.ForceCodec(rawCodec{}), grpc.Peer(&from), grpc.WaitForReady(true))
	if err != nil {
		return fmt.Sprintf("ERROR %v", err)
	}
	return from.Addr.String()
}
