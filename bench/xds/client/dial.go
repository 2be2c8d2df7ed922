package main

import (
	"context"
	"fmt"
	"runtime"
	"sort"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	methodDelta = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
	methodSotw  = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources"
	window      = 16 << 20
	// What a stream that will read nothing lets the server send ahead.
	smallWindow = 64 << 10
	maxMessage  = 256 << 20
)

// dial makes a connection with windows that never hold the server back.
func dial(windowBytes int32) (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///"+*fAddr,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(rawCodec{}), grpc.MaxCallRecvMsgSize(maxMessage)),
		grpc.WithInitialWindowSize(windowBytes), grpc.WithInitialConnWindowSize(windowBytes),
		grpc.WithReadBufferSize(16<<10), grpc.WithWriteBufferSize(16<<10), grpc.WithSharedWriteBuffer(true),
		grpc.WithDisableServiceConfig(), grpc.WithNoProxy(), grpc.WithIdleTimeout(0))
}

// open opens one stream on a connection of its own and starts to follow it.
func open(id int) (*stream, error) {
	windowBytes := int32(window)
	if id < stalledCount() {
		windowBytes = smallWindow
	}
	conn, err := dial(windowBytes)
	if err != nil {
		return nil, err
	}
	method := methodDelta
	if *fMode == "sotw" {
		method = methodSotw
	}
	desc := &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}
	call, err := conn.NewStream(context.Background(), desc, method, grpc.WaitForReady(true))
	if err != nil {
		return nil, err
	}
	s := &stream{id: id, cs: call, conn: conn}
	if err := s.start(); err != nil {
		return nil, err
	}
	go s.loop()
	return s, nil
}

// syncAll opens every stream and waits until each has all that it subscribed to.
func syncAll(res *result, server processes) ([]*stream, error) {
	before, ownCPU, busy := server.usage(), selfCPU(), busyTicks()
	res.RSS0MB = float64(before.rssKB) / 1024
	t0 := time.Now()
	streams := make([]*stream, *fN)
	slots := make(chan struct{}, *fDialers)
	for i := range streams {
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			s, err := open(i)
			if err != nil {
				fault(err)
				return
			}
			streams[i] = s
		}()
	}
	for synced.Load() < int64(*fN) {
		if time.Since(t0) > *fTimeout || broken.Load() > 0 {
			return nil, fmt.Errorf("initial sync: %d of %d streams, %d broken", synced.Load(), *fN, broken.Load())
		}
		time.Sleep(time.Millisecond)
	}
	// The last of them may still be on its way into the list.
	for i := 0; i < cap(slots); i++ {
		slots <- struct{}{}
	}
	var took []float64
	for _, s := range streams {
		took = append(took, ms(s.sync.Sub(t0)))
	}
	sort.Float64s(took)
	res.SyncP50, res.SyncP99, res.SyncMs = pct(took, .5), pct(took, .99), took[len(took)-1]
	res.SyncMB, res.SyncRes = float64(bytesRx.Load())/1e6, resRx.Load()
	quiet()
	time.Sleep(*fGap)
	after, wall := server.usage(), time.Since(t0)
	res.SyncSrvCPUms = float64(after.ns-before.ns) / 1e6
	res.SyncCliCPUms = ms(selfCPU() - ownCPU)
	res.SyncForeign = (float64(busyTicks()-busy)*10 - res.SyncSrvCPUms - res.SyncCliCPUms) / ms(wall)
	runtime.GC()
	time.Sleep(300 * time.Millisecond)
	res.RSSSyncMB = float64(server.usage().rssKB) / 1024
	return streams, nil
}

// stall lets these streams read nothing and acknowledge nothing from here on.
func stall(streams []*stream) {
	for _, s := range streams {
		s.stalled.Store(true)
	}
}
