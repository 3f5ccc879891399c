// Command talos-registries applies a patch to a machine configuration as Talos does, and prints what comes of it for the registries, as JSON:
//
//	talos-registries MACHINE_CONFIG PATCH
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
)

type registries struct {
	// Endpoints in order, by registry.
	Mirrors map[string][]string `json:"mirrors"`
	// PEM by endpoint.
	Authorities map[string]string `json:"authorities"`
}

func main() {
	found, err := patched(os.Args[1], os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		log.Fatal(err)
	}
}

func patched(configFile, patchFile string) (*registries, error) {
	config, err := os.ReadFile(configFile)
	if err != nil {
		return nil, err
	}
	patches, err := configpatcher.LoadPatches([]string{"@" + patchFile})
	if err != nil {
		return nil, err
	}
	output, err := configpatcher.Apply(configpatcher.WithBytes(config), patches)
	if err != nil {
		return nil, err
	}
	result, err := output.Config()
	if err != nil {
		return nil, err
	}
	found := &registries{Mirrors: map[string][]string{}, Authorities: map[string]string{}}
	for registry, mirror := range result.RegistryMirrorConfigs() {
		for _, endpoint := range mirror.Endpoints() {
			found.Mirrors[registry] = append(found.Mirrors[registry], endpoint.Endpoint())
		}
	}
	for endpoint, tls := range result.RegistryTLSConfigs() {
		found.Authorities[endpoint] = string(tls.CA())
	}
	return found, nil
}
