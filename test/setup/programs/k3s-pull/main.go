// Command k3s-pull pulls an image by a registries.yaml, read by the code that k3s and RKE2 read it by, and prints the digests of all that came:
//
//	k3s-pull REGISTRIES_YAML IMAGE
package main

import (
	"fmt"
	"io"
	"log"
	"os"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/rancher/wharfie/pkg/registries"
)

func main() {
	if err := pull(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func pull(registriesYAML, image string) error {
	reference, err := name.ParseReference(image)
	if err != nil {
		return err
	}
	configuration, err := registries.GetPrivateRegistries(registriesYAML)
	if err != nil {
		return err
	}
	pulled, err := configuration.Image(reference)
	if err != nil {
		return err
	}
	digest, err := pulled.Digest()
	if err != nil {
		return err
	}
	fmt.Println(digest)
	manifest, err := pulled.Manifest()
	if err != nil {
		return err
	}
	if _, err := pulled.RawConfigFile(); err != nil {
		return err
	}
	fmt.Println(manifest.Config.Digest)
	layers, err := pulled.Layers()
	if err != nil {
		return err
	}
	for i, layer := range layers {
		content, err := layer.Compressed()
		if err != nil {
			return err
		}
		// Fails at the end when the content isn't what its digest says.
		if _, err := io.Copy(io.Discard, content); err != nil {
			return err
		}
		fmt.Println(manifest.Layers[i].Digest)
	}
	return nil
}
