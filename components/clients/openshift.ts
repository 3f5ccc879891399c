import { stringify } from "yaml";
import { authority, type ClientOptions, pathAtCache } from "./cache-address.ts";

/**
 * Manifests for OpenShift 4.13 and later: the cache as a mirror for images by digest and by tag, with the registry as the fallback. The Machine Config Operator converts
 * them to registries.conf, so they have its limits. A private authority is a ConfigMap, which the cluster's image configuration must name.
 * https://docs.redhat.com/en/documentation/openshift_container_platform/4.20/html/images/image-configuration
 */
export function renderOpenShiftMirrors(options: ClientOptions): string {
  const { endpoint, upstreams, ca } = options;
  const mirrors = upstreams.flatMap((upstream) => {
    const path = pathAtCache(upstream, options);
    if (path === undefined) return [];
    const mirror = authority(endpoint) + path;
    return [{ source: upstream.registry, mirrors: [mirror], mirrorSourcePolicy: "AllowContactingSource" }];
  });
  const manifest = (kind: string, spec: object) => ({
    apiVersion: "config.openshift.io/v1",
    kind,
    metadata: { name: "registry-cache" },
    spec,
  });
  const trust = ca && {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "registry-cache-ca", namespace: "openshift-config" },
    // A key can't contain a colon. OpenShift writes the port after `..`.
    data: { [authority(endpoint).replace(":", "..")]: ca.certificate },
  };
  return [
    manifest("ImageDigestMirrorSet", { imageDigestMirrors: mirrors }),
    manifest("ImageTagMirrorSet", { imageTagMirrors: mirrors }),
    ...(trust ? [trust] : []),
  ]
    .map((document) => stringify(document, { aliasDuplicateObjects: false }))
    .join("---\n");
}
