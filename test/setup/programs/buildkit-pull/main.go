// Command buildkit-pull pulls an image by a buildkitd.toml, read by the code that BuildKit reads it by, and prints the digests of all that came:
//
//	buildkit-pull BUILDKITD_TOML IMAGE
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/containerd/containerd/v2/core/remotes"
	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/moby/buildkit/cmd/buildkitd/config"
	"github.com/moby/buildkit/util/resolver"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func main() {
	if err := pull(context.Background(), os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func pull(ctx context.Context, file, image string) error {
	configuration, err := config.LoadFile(file)
	if err != nil {
		return err
	}
	hosts := resolver.NewRegistryConfig(configuration.Registries)
	registry := docker.NewResolver(docker.ResolverOptions{Hosts: hosts})
	name, root, err := registry.Resolve(ctx, image)
	if err != nil {
		return err
	}
	fetcher, err := registry.Fetcher(ctx, name)
	if err != nil {
		return err
	}
	content, err := fetch(ctx, fetcher, root)
	if err != nil {
		return err
	}
	var manifest ocispec.Manifest
	if err := json.Unmarshal(content, &manifest); err != nil {
		return err
	}
	for _, blob := range append(manifest.Layers, manifest.Config) {
		if _, err := fetch(ctx, fetcher, blob); err != nil {
			return err
		}
	}
	return nil
}

func fetch(ctx context.Context, fetcher remotes.Fetcher, what ocispec.Descriptor) ([]byte, error) {
	reader, err := fetcher.Fetch(ctx, what)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	content, err := io.ReadAll(reader)
	if err != nil {
		return nil, err
	}
	if digest.FromBytes(content) != what.Digest {
		return nil, fmt.Errorf("%s has other content", what.Digest)
	}
	fmt.Println(what.Digest)
	return content, nil
}
