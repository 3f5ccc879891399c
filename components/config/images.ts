/**
 * The images of the Pod's containers, and the pinned default of each. The tag is for readers, the digest decides.
 * docs/images.md names the source of each digest.
 */

import { type Engine, isZot } from "./upstream.ts";

/** The images that every Pod needs. */
export const baseImageNames = ["edge", "origin", "exporter", "prometheus", "blackbox"] as const;

export const imageNames = [...baseImageNames, "acme", "prefetch", "zot"] as const;

export type ImageName = (typeof imageNames)[number];

/** An image reference per container, `registry/repository:tag@sha256:…`. Tag and digest can be left out. */
export type Images = Record<ImageName, string>;

export const defaultImages: Images = {
  // nginx 1.31 (mainline), which can run as any user. The "slim" variant of Alpine has no extra modules, but busybox for the probes.
  edge: "docker.io/nginxinc/nginx-unprivileged:1.31.6-alpine-slim@sha256:c81a27f28bc2d9c2da8998444e653c7b85b9bbbaa92e44ef18d8920784e06507",
  origin:
    "docker.io/library/registry:3.1.2@sha256:ddf754342cfc8acc51a56d5d0ab6af06826461864460636d8bd5c546dab2a7b8",
  exporter:
    "quay.io/martinhelmich/prometheus-nginxlog-exporter:v1.11.0@sha256:b36976cb58584529381a92404a7ba9868b03e1a321c9dc7228cc9ecd93a80440",
  prometheus:
    "docker.io/prom/prometheus:v3.15.0@sha256:efd719c99d83b060d9daefdcf00360461adf279f45ef5391f8d111892118753e",
  blackbox:
    "docker.io/prom/blackbox-exporter:v0.28.0@sha256:e753ff9f3fc458d02cca5eddab5a77e1c175eee484a8925ac7d524f04366c2fc",
  // Only for a Pod that obtains its certificate itself.
  acme: "docker.io/goacme/lego:v5.5.2@sha256:1944e8c36055beec47c7de6f15202b41128be75eea0ffa257f0c14d93c5155fd",
  // Only if the configuration has `prefetch`. The Alpine variant, because the plain image has no shell.
  prefetch:
    "ghcr.io/regclient/regctl:v0.11.6-alpine@sha256:5fe7c6a6206e1d9d71af719674c9db03e74a4ae221a32089b691f5b55533d6ea",
  // Only if an upstream has `engine: zot`. The full image, because the minimal one has no sync extension.
  zot: "ghcr.io/project-zot/zot:v2.1.21@sha256:6b69512c00dceaad05b1144e6079aac6aa7309d7fd200f9947ecb1de09cf48c8",
};

/** The configured image, or else the pinned one. */
export function imageOf({ images }: { readonly images: Partial<Images> }, name: ImageName): string {
  return images[name] ?? defaultImages[name];
}

interface WithImages {
  readonly images: Partial<Images>;
  readonly prefetch?: object;
  readonly upstreams: readonly { readonly engine?: Engine }[];
}

/** The images that a Pod uses. @param hasAcme whether the Pod obtains its certificate itself */
export function imageNamesOf({ prefetch, upstreams }: WithImages, hasAcme: boolean): ImageName[] {
  return [
    ...baseImageNames,
    ...(hasAcme ? (["acme"] as const) : []),
    ...(prefetch ? (["prefetch"] as const) : []),
    ...(upstreams.some(isZot) ? (["zot"] as const) : []),
  ];
}

/** References of the images that a Pod uses, without duplicates. @param hasAcme as for {@link imageNamesOf} */
export function imagesOf(config: WithImages, hasAcme: boolean): string[] {
  return [...new Set(imageNamesOf(config, hasAcme).map((name) => imageOf(config, name)))];
}

/** The registry of an image reference of the configuration: `host` or `host:port`. */
export function registryOf(image: string): string {
  return image.slice(0, image.indexOf("/"));
}

/** Hosts of private registries of Amazon ECR, which answer only with a login: with IPv4, for both IP families, and with FIPS. Captures the region: https://docs.aws.amazon.com/general/latest/gr/ecr.html */
export const ecrHost = /^\d{12}\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com|on\.aws)$/;
