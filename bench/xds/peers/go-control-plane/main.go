// go-control-plane serving S services to N nodes over ADS, in the ways its documentation shows. It prints "ready";
// POST /bump?weight=W changes one route.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	router "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

var (
	fAddr  = flag.String("addr", "127.0.0.1:23800", "xDS")
	fAdmin = flag.String("admin", "127.0.0.1:23801", "admin")
	fCache = flag.String("cache", "const", "const = one snapshot for all; node = SetSnapshot for each of N nodes; linear = MuxCache of LinearCaches")
	fN     = flag.Int("n", 100, "nodes")
	fS     = flag.Int("s", 100, "services, the last one being model-canary")
	fE     = flag.Int("e", 10, "endpoints per service")
)

const canary = "model-canary"

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

func name(i int) string {
	if i == *fS-1 {
		return canary
	}
	return fmt.Sprintf("svc-%05d", i)
}

func ads() *core.ConfigSource {
	return &core.ConfigSource{ResourceApiVersion: core.ApiVersion_V3, ConfigSourceSpecifier: &core.ConfigSource_Ads{Ads: &core.AggregatedConfigSource{}}}
}

func mkCluster(i int) types.Resource {
	return &cluster.Cluster{
		Name:                 name(i),
		ClusterDiscoveryType: &cluster.Cluster_Type{Type: cluster.Cluster_EDS},
		EdsClusterConfig:     &cluster.Cluster_EdsClusterConfig{EdsConfig: ads()},
		ConnectTimeout:       durationpb.New(5 * time.Second),
		LbPolicy:             cluster.Cluster_LEAST_REQUEST,
	}
}

func mkCLA(i int) types.Resource {
	var lb []*endpoint.LbEndpoint
	for e := 0; e < *fE; e++ {
		lb = append(lb, &endpoint.LbEndpoint{
			HostIdentifier: &endpoint.LbEndpoint_Endpoint{Endpoint: &endpoint.Endpoint{Address: &core.Address{Address: &core.Address_SocketAddress{
				SocketAddress: &core.SocketAddress{Address: fmt.Sprintf("10.%d.%d.%d", i/250, i%250, e+1), PortSpecifier: &core.SocketAddress_PortValue{PortValue: 8080}}}}}},
			HealthStatus: core.HealthStatus_HEALTHY, LoadBalancingWeight: wrapperspb.UInt32(1),
		})
	}
	return &endpoint.ClusterLoadAssignment{ClusterName: name(i), Endpoints: []*endpoint.LocalityLbEndpoints{{
		Locality: &core.Locality{Region: "r1", Zone: "z1"}, LbEndpoints: lb, LoadBalancingWeight: wrapperspb.UInt32(1)}}}
}

func mkRoute(i int, w uint32) types.Resource {
	n := name(i)
	act := &route.RouteAction{ClusterSpecifier: &route.RouteAction_Cluster{Cluster: n}}
	if n == canary {
		act = &route.RouteAction{ClusterSpecifier: &route.RouteAction_WeightedClusters{WeightedClusters: &route.WeightedCluster{
			Clusters: []*route.WeightedCluster_ClusterWeight{
				{Name: name(0), Weight: wrapperspb.UInt32(w)}, {Name: name(1), Weight: wrapperspb.UInt32(10000000)}}}}}
	}
	return &route.RouteConfiguration{Name: n, VirtualHosts: []*route.VirtualHost{{Name: n, Domains: []string{n, n + ".default.svc.cluster.local"},
		Routes: []*route.Route{{Match: &route.RouteMatch{PathSpecifier: &route.RouteMatch_Prefix{Prefix: "/"}}, Action: &route.Route_Route{Route: act}}}}}}
}

func mkListener(i int) types.Resource {
	n := name(i)
	h := &hcm.HttpConnectionManager{StatPrefix: n,
		RouteSpecifier: &hcm.HttpConnectionManager_Rds{Rds: &hcm.Rds{ConfigSource: ads(), RouteConfigName: n}},
		HttpFilters:    []*hcm.HttpFilter{{Name: "envoy.filters.http.router", ConfigType: &hcm.HttpFilter_TypedConfig{TypedConfig: must(anypb.New(&router.Router{}))}}}}
	return &listener.Listener{Name: n,
		Address: &core.Address{Address: &core.Address_SocketAddress{SocketAddress: &core.SocketAddress{Address: "127.0.0.1", PortSpecifier: &core.SocketAddress_PortValue{PortValue: uint32(20000 + i)}}}},
		FilterChains: []*listener.FilterChain{{Filters: []*listener.Filter{{Name: "envoy.filters.network.http_connection_manager",
			ConfigType: &listener.Filter_TypedConfig{TypedConfig: must(anypb.New(h))}}}}}}
}

type constHash struct{}

func (constHash) ID(*core.Node) string { return "all" }

func main() {
	flag.Parse()
	S := *fS
	res := map[resource.Type][]types.Resource{}
	for i := 0; i < S; i++ {
		res[resource.ClusterType] = append(res[resource.ClusterType], mkCluster(i))
		res[resource.EndpointType] = append(res[resource.EndpointType], mkCLA(i))
		res[resource.ListenerType] = append(res[resource.ListenerType], mkListener(i))
		res[resource.RouteType] = append(res[resource.RouteType], mkRoute(i, 3000000))
	}
	ctx := context.Background()
	version := 1
	vs := func() string { return strconv.Itoa(version) }
	snap := func() *cache.Snapshot {
		s := must(cache.NewSnapshot(vs(), res))
		// Only the type that changes gets a new version, as one who knows the cache would have it.
		for _, t := range []types.ResponseType{types.Cluster, types.Endpoint, types.Listener} {
			s.Resources[t].Version = "1"
		}
		return s
	}
	var c cache.Cache
	var apply func()
	switch *fCache {
	case "const":
		sc := cache.NewSnapshotCache(true, constHash{}, nil)
		apply = func() {
			if err := sc.SetSnapshot(ctx, "all", snap()); err != nil {
				log.Print(err)
			}
		}
		c = sc
	case "node":
		sc := cache.NewSnapshotCache(true, cache.IDHash{}, nil)
		apply = func() {
			s := snap()
			for i := 0; i < *fN; i++ {
				if err := sc.SetSnapshot(ctx, "sidecar-"+strconv.Itoa(i), s); err != nil {
					log.Print(err)
				}
			}
		}
		c = sc
	case "linear":
		lc := map[string]*cache.LinearCache{}
		mc := &cache.MuxCache{Classify: func(r *cache.Request) string { return r.GetTypeUrl() },
			ClassifyDelta: func(r *cache.DeltaRequest) string { return r.GetTypeUrl() }, Caches: map[string]cache.Cache{}}
		for t, l := range res {
			m := map[string]types.Resource{}
			for _, r := range l {
				m[cache.GetResourceName(r)] = r
			}
			lc[t] = cache.NewLinearCache(t, cache.WithInitialResources(m))
			mc.Caches[t] = lc[t]
		}
		first := true
		apply = func() {
			if first {
				first = false
				return
			}
			if err := lc[resource.RouteType].UpdateResource(canary, res[resource.RouteType][S-1]); err != nil {
				log.Print(err)
			}
		}
		c = mc
	default:
		log.Fatal("unknown -cache")
	}
	apply()
	var mu sync.Mutex
	http.HandleFunc("/bump", func(w http.ResponseWriter, r *http.Request) {
		x, err := strconv.ParseUint(r.URL.Query().Get("weight"), 10, 32)
		if err != nil || r.Method != http.MethodPost {
			http.Error(w, "POST /bump?weight=W", 400)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		version++
		l := append([]types.Resource(nil), res[resource.RouteType]...)
		l[S-1] = mkRoute(S-1, uint32(x))
		m := map[resource.Type][]types.Resource{}
		for t, v := range res {
			m[t] = v
		}
		m[resource.RouteType] = l
		res = m
		apply()
	})
	go func() { log.Fatal(http.ListenAndServe(*fAdmin, nil)) }()
	gs := grpc.NewServer(grpc.MaxConcurrentStreams(1000000))
	discovery.RegisterAggregatedDiscoveryServiceServer(gs, server.NewServer(ctx, c, nil))
	l := must(net.Listen("tcp", *fAddr))
	fmt.Println("ready")
	log.Fatal(gs.Serve(l))
}
