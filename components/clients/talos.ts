import { stringify } from "yaml";
import { authority, type ClientOptions, cacheUrl, furtherEndpoints } from "./cache-address.ts";

/**
 * Documents of the machine configuration of Talos 1.12 and later. Talos adds the registry by its name as the fallback, and accepts the authority by its content. A patch adds to a
 * machine's endpoints, so the first document of each registry deletes the old ones. There is no setting for the connection timeout, so a black-holed cache delays each request by 30 s.
 * https://docs.siderolabs.com/talos/v1.12/reference/configuration/cri/registrymirrorconfig
 */
export function renderTalosDocuments({ endpoint, upstreams, ca }: ClientOptions): string {
  const mirrors = upstreams.flatMap((upstream) => {
    const mirror = { apiVersion: "v1alpha1", kind: "RegistryMirrorConfig", name: upstream.registry };
    const endpoints = [cacheUrl(endpoint), ...furtherEndpoints(upstream)].map((url) => ({ url }));
    return [
      { ...mirror, $patch: "delete" },
      { ...mirror, endpoints },
    ];
  });
  const trust = ca && {
    apiVersion: "v1alpha1",
    kind: "RegistryTLSConfig",
    name: authority(endpoint),
    ca: ca.certificate,
  };
  return [...mirrors, ...(trust ? [trust] : [])].map((document) => stringify(document)).join("---\n");
}

/**
 * The mirrors as a part of the machine configuration itself, for Talos before 1.12. Later versions accept them, too, but call them deprecated.
 * https://www.talos.dev/v1.9/reference/configuration/v1alpha1/config/#Config.machine.registries
 */
export function renderTalosMachineRegistries({ endpoint, upstreams, ca }: ClientOptions): string {
  const mirrors = upstreams.map((upstream) => [
    upstream.registry,
    { endpoints: [cacheUrl(endpoint), ...furtherEndpoints(upstream)] },
  ]);
  const trust = ca && {
    config: { [authority(endpoint)]: { tls: { ca: Buffer.from(ca.certificate).toString("base64") } } },
  };
  return stringify({ machine: { registries: { mirrors: Object.fromEntries(mirrors), ...trust } } });
}
