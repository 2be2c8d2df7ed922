package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

const (
	types    = "type.googleapis.com/"
	clusters = types + "envoy.config.cluster.v3.Cluster"
	endpoint = types + "envoy.config.endpoint.v3.ClusterLoadAssignment"
	listener = types + "envoy.config.listener.v3.Listener"
	routes   = types + "envoy.config.route.v3.RouteConfiguration"
	runtime  = types + "envoy.service.runtime.v3.Runtime"
	layer    = "istio"
)

// raw hands messages on as the bytes that they are.
type raw struct{}

func (raw) Name() string { return "proto" }
func (raw) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*v.(*[]byte))}, nil
}
func (raw) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

var _ encoding.CodecV2 = raw{}

type stream struct {
	id  int
	cs  grpc.ClientStream
	eds bool
}

func open(ctx context.Context, id int) (*stream, error) {
	conn, err := grpc.NewClient(*fAddr,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(raw{}), grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		return nil, err
	}
	method := "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
	if *fKind == "penstock" {
		method = "/envoy.service.runtime.v3.RuntimeDiscoveryService/DeltaRuntime"
	}
	desc := &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}
	cs, err := conn.NewStream(ctx, desc, method, grpc.WaitForReady(true))
	if err != nil {
		return nil, err
	}
	s := &stream{id: id, cs: cs}
	if *fKind == "penstock" {
		return s, s.request(runtime, []string{layer}, "", s.node())
	}
	if err := s.request(clusters, nil, "", s.node()); err != nil {
		return nil, err
	}
	if err := s.request(listener, nil, "", nil); err != nil {
		return nil, err
	}
	return s, s.request(routes, []string{*fRoute}, "", nil)
}

// request sends a DeltaDiscoveryRequest.
func (s *stream) request(typeURL string, subscribe []string, nonce string, node []byte) error {
	var b []byte
	if node != nil {
		b = protowire.AppendBytes(protowire.AppendTag(b, 1, protowire.BytesType), node)
	}
	b = appendString(b, 2, typeURL)
	for _, name := range subscribe {
		b = appendString(b, 3, name)
	}
	b = appendString(b, 6, nonce)
	return s.cs.SendMsg(&b)
}

func appendString(b []byte, field protowire.Number, text string) []byte {
	if text == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), text)
}

// node is an Istio sidecar's.
func (s *stream) node() []byte {
	metadata, _ := structpb.NewStruct(map[string]any{
		"ISTIO_VERSION": "1.31.0", "NAMESPACE": "ml", "CLUSTER_ID": "Kubernetes", "INTERCEPTION_MODE": "NONE",
	})
	encoded, _ := proto.Marshal(metadata)
	id := fmt.Sprintf("sidecar~10.1.%d.%d~client-%d.ml~ml.svc.cluster.local", s.id/250, s.id%250+1, s.id)
	b := appendString(nil, 1, id)
	b = appendString(b, 2, "client.ml")
	return protowire.AppendBytes(protowire.AppendTag(b, 3, protowire.BytesType), encoded)
}

func (s *stream) loop() {
	for {
		var message []byte
		if err := s.cs.RecvMsg(&message); err != nil {
			fmt.Fprintln(os.Stderr, "client:", s.id, err)
			os.Exit(1)
		}
		now := time.Now()
		s.see(message, now)
		if err := s.answer(message); err != nil {
			fmt.Fprintln(os.Stderr, "client:", s.id, err)
			os.Exit(1)
		}
	}
}

func (s *stream) see(message []byte, now time.Time) {
	received.Add(int64(len(message)))
	lastAt.Store(now.UnixNano())
	r := current.Load()
	if r != nil && bytes.Contains(message, r.marker) && r.arrivals[s.id].CompareAndSwap(0, now.UnixNano()) {
		r.missing.Add(-1)
	}
}

// answer acknowledges, and asks for the endpoints of the clusters that it was told first.
func (s *stream) answer(message []byte) error {
	var typeURL, nonce string
	var names []string
	for b := message; len(b) > 0; {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		n = protowire.ConsumeFieldValue(number, kind, b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		if kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(b)
			switch number {
			case 2:
				names = append(names, nameOf(value))
			case 4:
				typeURL = string(value)
			case 5:
				nonce = string(value)
			}
		}
		b = b[n:]
	}
	if err := s.request(typeURL, nil, nonce, nil); err != nil {
		return err
	}
	if typeURL != clusters || s.eds {
		return nil
	}
	s.eds = true
	var outbound []string
	for _, name := range names {
		if strings.HasPrefix(name, "outbound|") {
			outbound = append(outbound, name)
		}
	}
	return s.request(endpoint, outbound, "", nil)
}

// nameOf is field 3 of a Resource.
func nameOf(resource []byte) string {
	for b := resource; len(b) > 0; {
		number, kind, n := protowire.ConsumeTag(b)
		b = b[n:]
		if number == 3 && kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(b)
			return string(value)
		}
		b = b[protowire.ConsumeFieldValue(number, kind, b):]
	}
	return ""
}
