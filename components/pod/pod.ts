import type { ConfigMap, Container, Pod, Volume } from "kubernetes-types/core/v1.d.ts";
import { isZot } from "../config/upstream.ts";
import { acmePart } from "./acme.ts";
import { blackboxPart } from "./blackbox.ts";
import { sharedWithZot } from "./edge/budget.ts";
import { edgePart } from "./edge/edge.ts";
import { hasZot } from "./edge/engines.ts";
import { exporterPart } from "./exporter.ts";
import { janitorPart } from "./janitor.ts";
import { keeperPart } from "./keeper.ts";
import type { PodOptions } from "./options.ts";
import { originPart } from "./origin.ts";
import { filesOf, type Live, type Part, terminationGraceSeconds } from "./part.ts";
import { prefetchPart } from "./prefetch.ts";
import { prometheusPart } from "./prometheus.ts";
import { secretDirectory } from "./secrets.ts";
import { storedPart } from "./stored.ts";
import { upstreamPorts } from "./upstream-ports.ts";
import { zotPart } from "./zot.ts";

/** The Pod and its ConfigMaps, and what a host needs to know to update its containers one by one. */
export interface PodManifests {
  readonly pod: Pod;
  readonly configMaps: readonly ConfigMap[];
  /** By container name, as are {@link PodManifests.ready} and {@link PodManifests.readAtStart}: see {@link Part}. */
  readonly live: Readonly<Record<string, Live>>;
  readonly ready: Readonly<Record<string, string>>;
  /** The secrets of containers that must restart when the secret changes. */
  readonly readAtStart: Readonly<Record<string, string>>;
}

/** The user and group of every container. It isn't an image's own, so that one owner fits all volumes. */
export const podUser = 10001;

/** The group of those containers that use a machine's identity in its cloud, so that the machine can tell them from the others. */
export const identityGroup = 10002;

/** Stricter than the restricted Pod Security Standard: https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
const securityContext = {
  runAsNonRoot: true,
  runAsUser: podUser,
  runAsGroup: podUser,
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
};

/** Renders the cache: one Pod, and one ConfigMap for each container. */
export function renderPod(given: PodOptions): PodManifests {
  const options = hasZot(given) ? { ...given, budget: sharedWithZot(given.budget) } : given;
  const { region, store } = options;
  // apply.sh and the on-call program find the Pods by these labels.
  const labels = { "app.kubernetes.io/name": "registry-cache", "app.kubernetes.io/instance": region.name };
  const upstreams = upstreamPorts(options);
  const parts = [
    edgePart(options),
    ...upstreams.map((it) => (isZot(it.upstream) ? zotPart(options, it) : originPart(options, it))),
    ...(store ? upstreams.map((it) => storedPart(options, store, it)) : []),
    exporterPart(options),
    prometheusPart(options),
    blackboxPart(options),
    janitorPart(options),
    ...(hasZot(options) ? [keeperPart(options)] : []),
    ...(options.prefetch ? [prefetchPart(options, options.prefetch)] : []),
    ...(options.acme ? [acmePart(options, options.acme)] : []),
  ].map((part) => trusting(part, options.trustedAuthorities));
  return {
    configMaps: parts.map((part) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: configName(options, part), labels },
      data: part.files,
    })),
    live: Object.fromEntries(parts.flatMap(({ container, live }) => (live ? [[container.name, live]] : []))),
    ready: Object.fromEntries(
      parts.flatMap(({ container, ready }) => (ready ? [[container.name, ready]] : [])),
    ),
    readAtStart: Object.fromEntries(
      parts.flatMap(({ container, secret, readsSecretAtStart }) =>
        secret !== undefined && readsSecretAtStart ? [[container.name, secret]] : [],
      ),
    ),
    pod: {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: options.name, labels },
      spec: {
        hostNetwork: options.hostNetwork,
        restartPolicy: "Always",
        terminationGracePeriodSeconds: terminationGraceSeconds,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        containers: parts.map((part) => containerOf(options, part)),
        volumes: volumesOf(options, parts),
      },
    },
  };
}

/** Go reads all certificates in this directory, in addition to the image's file of public authorities: https://pkg.go.dev/crypto/x509#SystemCertPool */
function trusting(part: Part, authorities: string | undefined): Part {
  if (!part.asksServers || authorities === undefined) return part;
  const { container, files } = part;
  const env = [...(container.env ?? []), { name: "SSL_CERT_DIR", value: filesOf(container.name) }];
  return { ...part, container: { ...container, env }, files: { ...files, "authorities.pem": authorities } };
}

function configName({ name }: PodOptions, { container }: Part): string {
  return `${name}-${container.name}`;
}

function containerOf(options: PodOptions, part: Part): Container {
  const { container, secret, mounts = [] } = part;
  const usesIdentity = options.hostNetwork && part.usesIdentity;
  return {
    ...container,
    securityContext: usesIdentity ? { ...securityContext, runAsGroup: identityGroup } : securityContext,
    volumeMounts: [
      { name: configName(options, part), mountPath: filesOf(container.name), readOnly: true },
      ...(secret === undefined ? [] : [{ name: secret, mountPath: secretDirectory, readOnly: true }]),
      ...mounts,
    ],
  };
}

function volumesOf(options: PodOptions, parts: readonly Part[]): Volume[] {
  const { volumes, upstreams, store, proxies, acme } = options;
  return [
    ...parts.map((part) => {
      const name = configName(options, part);
      return { name, configMap: { name } };
    }),
    ...Object.entries({
      ...(proxies === undefined && { tls: volumes.tls }),
      cache: volumes.cache,
      prometheus: volumes.prometheus,
      ...(acme && { acme: volumes.acme }),
    }).map(([name, source]) => ({ name, ...source })),
    ...(store ? [] : upstreams).map(({ name }) => ({ name: `origin-${name}`, ...volumes.origin(name) })),
    ...parts.flatMap(({ secret }) =>
      secret === undefined ? [] : [{ name: secret, ...volumes.secret(secret) }],
    ),
  ];
}
