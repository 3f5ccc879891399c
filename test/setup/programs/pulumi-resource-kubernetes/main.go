// Command pulumi-resource-kubernetes serves Pulumi's Kubernetes provider, as the module's own command of that name does. (The schema without a
// version: only generators of SDKs read it.)
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var terraformMapping []byte

func main() {
	provider.Serve("kubernetes", "4.18.1", schema, terraformMapping)
}
