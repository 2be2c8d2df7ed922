// Istio's own control plane without Kubernetes, for the end-to-end tests and the benchmark.
//
// It is pilot-discovery's bootstrap with its configuration in files. The one thing that is not Istio's way is that the
// server is handed a Kubernetes client that knows no objects: since 1.30 it does not start with none at all
// (https://github.com/istio/istio/issues/58951), and the field has no setter.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"reflect"
	"syscall"
	"unsafe"

	"istio.io/istio/pilot/pkg/bootstrap"
	"istio.io/istio/pkg/kube"
	"istio.io/istio/pkg/log"
)

func main() {
	configDir := flag.String("config-dir", "", "folder of Istio objects; watched")
	meshConfig := flag.String("mesh-config", "", "file of the mesh's configuration")
	grpcAddress := flag.String("grpc-address", "127.0.0.1:15010", "where sidecars connect")
	monitoringAddress := flag.String("monitoring-address", "127.0.0.1:15014", "where /metrics and /debug are served")
	httpAddress := flag.String("http-address", "127.0.0.1:8080", "where /ready is served")
	flag.Parse()
	if err := run(*configDir, *meshConfig, *grpcAddress, *monitoringAddress, *httpAddress); err != nil {
		fmt.Fprintln(os.Stderr, "istiod:", err)
		os.Exit(1)
	}
}

func run(configDir, meshConfig, grpcAddress, monitoringAddress, httpAddress string) error {
	options := log.DefaultOptions()
	options.SetDefaultOutputLevel(log.DefaultScopeName, log.WarnLevel)
	if err := log.Configure(options); err != nil {
		return err
	}
	args := bootstrap.NewPilotArgs(func(args *bootstrap.PilotArgs) {
		args.MeshConfigFile = meshConfig
		args.RegistryOptions.FileDir = configDir
		args.RegistryOptions.Registries = []string{}
		args.RegistryOptions.KubeOptions.DomainSuffix = "cluster.local"
		args.RegistryOptions.KubeOptions.ClusterID = "Kubernetes"
		args.ServerOptions.GRPCAddr = grpcAddress
		args.ServerOptions.MonitoringAddr = monitoringAddress
		args.ServerOptions.HTTPAddr = httpAddress
		args.ServerOptions.TLSOptions.TLSMinVersion = bootstrap.TLSMinVersion1_2
	})
	if err := args.Complete(); err != nil {
		return err
	}
	server, err := bootstrap.NewServer(args, withoutKubernetes)
	if err != nil {
		return err
	}
	stop := make(chan struct{})
	if err := server.Start(stop); err != nil {
		return err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	<-signals
	// At once: what a test stops has no calls to finish.
	return nil
}

// withoutKubernetes gives the server a client of a cluster in which there is nothing.
func withoutKubernetes(server *bootstrap.Server) {
	field := reflect.ValueOf(server).Elem().FieldByName("kubeClient")
	client := reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem()
	client.Set(reflect.ValueOf(kube.NewFakeClient()))
}
