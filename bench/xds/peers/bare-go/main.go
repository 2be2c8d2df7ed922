// The bare Go fan-out: grpc-go streams that are handed prebuilt bytes. No control plane on grpc-go can be faster.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
)

type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }
func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}
func (rawCodec) Unmarshal(d mem.BufferSlice, v any) error { return nil }

func main() {
	addr := flag.String("addr", "127.0.0.1:23800", "")
	admin := flag.String("admin", "127.0.0.1:23801", "")
	msg := flag.String("message", "", "file: offset of the weight (4 bytes, little endian) and the message")
	flag.Parse()
	raw, err := os.ReadFile(*msg)
	if err != nil {
		log.Fatal(err)
	}
	off := binary.LittleEndian.Uint32(raw)
	cur := raw[4:]
	var mu sync.Mutex
	streams := map[grpc.ServerStream]struct{}{}
	h := func(_ any, ss grpc.ServerStream) error {
		var x []byte
		if err := ss.RecvMsg(&x); err != nil {
			return err
		}
		mu.Lock()
		err := ss.SendMsg(cur)
		streams[ss] = struct{}{}
		mu.Unlock()
		for err == nil {
			err = ss.RecvMsg(&x)
		}
		mu.Lock()
		delete(streams, ss)
		mu.Unlock()
		return nil
	}
	http.HandleFunc("/bump", func(w http.ResponseWriter, r *http.Request) {
		x, _ := strconv.ParseUint(r.URL.Query().Get("weight"), 10, 32)
		m := append([]byte(nil), cur...)
		v := binary.AppendUvarint(nil, x)
		copy(m[off:], v)
		mu.Lock()
		defer mu.Unlock()
		cur = m
		k := runtime.GOMAXPROCS(0)
		var wg sync.WaitGroup
		ch := make(chan grpc.ServerStream, 1024)
		for i := 0; i < k; i++ {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for s := range ch {
					_ = s.SendMsg(m)
				}
			}()
		}
		for s := range streams {
			ch <- s
		}
		close(ch)
		wg.Wait()
	})
	go func() { log.Fatal(http.ListenAndServe(*admin, nil)) }()
	gs := grpc.NewServer(grpc.ForceServerCodecV2(rawCodec{}), grpc.MaxConcurrentStreams(1000000))
	sd := &grpc.ServiceDesc{ServiceName: "envoy.service.discovery.v3.AggregatedDiscoveryService", HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{{StreamName: "DeltaAggregatedResources", Handler: h, ServerStreams: true, ClientStreams: true}}}
	gs.RegisterService(sd, struct{}{})
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready")
	log.Fatal(gs.Serve(l))
}
