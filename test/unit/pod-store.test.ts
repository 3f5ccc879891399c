/** The Pod of a region whose replicas share object storage. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { storeUrl } from "../../components/pod/object-storage.ts";
import type { PodOptions } from "../../components/pod/options.ts";
import { identityGroup, podUser, renderPod } from "../../components/pod/pod.ts";
import type { AzureStore, ObjectStore, S3Store } from "../../components/pod/store.ts";
import { podOptions } from "../support/pod-options.ts";

const s3: S3Store = { kind: "s3", bucket: "blobs", region: "eu-central-1", delivery: "proxied" };
const azure: AzureStore = { kind: "azure", account: "blobs", container: "registry", delivery: "redirect" };

const upstream = (name: string) => ({
  name,
  registry: `${name}.example.com`,
  url: `https://${name}.example.com`,
  repositories: ["**"],
});

function rendered(change: Partial<PodOptions>) {
  const upstreams = [upstream("one"), upstream("two")];
  const { pod, configMaps } = renderPod(podOptions({ upstreams, ...change }));
  const file = (container: string, name: string) =>
    configMaps.find(({ metadata }) => metadata?.name === `cache-${container}`)?.data?.[name] ?? "";
  const containers = pod.spec?.containers ?? [];
  return {
    container: (name: string) => containers.find((it) => it.name === name),
    config: (container: string) => parse(file(container, "config.yml")),
    nginx: file("edge", "nginx.conf"),
    volumes: (pod.spec?.volumes ?? []).map(({ name }) => name),
    mounts: containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name)),
    groups: Object.fromEntries(
      containers.map(({ name, securityContext }) => [name, securityContext?.runAsGroup]),
    ),
    text: JSON.stringify({ pod, configMaps }),
  };
}

const withStore = (store: ObjectStore) => rendered({ store });

test("on a machine, only containers that ask the store or a DNS provider have the group that may use its identity", () => {
  const acme = { email: "ops@example.com", dnsProvider: "route53", environment: {} };
  const volume = { emptyDir: {} };
  const { volumes } = podOptions({ upstreams: [] });
  const change = { acme, volumes: { ...volumes, acme: volume } };
  const identified = ({ groups }: ReturnType<typeof rendered>) => {
    const others = Object.entries(groups).filter(([, group]) => group !== podUser);
    return others.map(([name, group]) => (group === identityGroup ? name : `${name}: ${group}`));
  };
  const registries = ["origin-one", "origin-two", "stored-one", "stored-two"];
  assert.deepEqual(identified(rendered({ ...change, store: s3, hostNetwork: true })), [
    ...registries,
    "acme",
  ]);
  assert.deepEqual(identified(rendered({ ...change, hostNetwork: true })), ["acme"]);
  assert.deepEqual(identified(rendered({ ...change, store: s3 })), []);
});

test("gives each upstream a directory of the bucket, for both of its registries", () => {
  for (const [store, driver] of [
    [s3, "s3"],
    [azure, "azure"],
  ] as const) {
    const pod = withStore(store);
    for (const name of ["one", "two"]) {
      for (const container of [`origin-${name}`, `stored-${name}`]) {
        assert.equal(pod.config(container).storage[driver].rootdirectory, `/${name}`);
      }
    }
  }
});

test("reaches S3 by its region, or by a given address", () => {
  const parameters = (change: Partial<S3Store>) =>
    withStore({ ...s3, ...change }).config("origin-one").storage.s3;
  assert.deepEqual(parameters({}), {
    region: "eu-central-1",
    bucket: "blobs",
    regionendpoint: "https://s3.eu-central-1.amazonaws.com",
    chunksize: 5 * 1024 ** 2,
    rootdirectory: "/one",
  });
  // distribution's SDK would request credentials from a given address, too.
  assert.equal(parameters({ webIdentity: true }).regionendpoint, undefined);
  assert.equal(parameters({ region: "cn-north-1" }).regionendpoint, "https://s3.cn-north-1.amazonaws.com.cn");
  assert.deepEqual(parameters({ endpoint: "http://minio:9000", pathStyle: true }), {
    region: "eu-central-1",
    bucket: "blobs",
    regionendpoint: "http://minio:9000",
    forcepathstyle: true,
    chunksize: 5 * 1024 ** 2,
    rootdirectory: "/one",
  });
});

test("uses the Pod's identity, unless a Secret has keys", () => {
  assert.doesNotMatch(withStore(s3).text, /accesskey|secretkey/i);
  assert.deepEqual(withStore(azure).config("origin-one").storage.azure.credentials, {
    type: "default_credentials",
  });
  const store = { ...s3, credentials: "bucket-keys", environment: { AWS_REGION: "eu-central-1" } };
  const pod = withStore(store);
  for (const name of ["origin-one", "stored-one"]) {
    const env = pod.container(name)?.env ?? [];
    const of = (variable: string) => env.find((it) => it.name === variable);
    assert.equal(of("AWS_REGION")?.value, "eu-central-1");
    assert.deepEqual(of("REGISTRY_STORAGE_S3_ACCESSKEY")?.valueFrom?.secretKeyRef, {
      name: "bucket-keys",
      key: "accessKey",
    });
    assert.deepEqual(of("REGISTRY_STORAGE_S3_SECRETKEY")?.valueFrom?.secretKeyRef, {
      name: "bucket-keys",
      key: "secretKey",
    });
  }
});

test("lets no replica delete what others may need, or cache the existence of what may be deleted", () => {
  const pod = withStore(s3);
  const { storage, proxy } = pod.config("origin-one");
  assert.equal(storage.delete, undefined);
  assert.equal(storage.cache, undefined);
  assert.deepEqual(storage.maintenance, { uploadpurging: { enabled: false } });
  // https://github.com/distribution/distribution/blob/v3.1.2/registry/proxy/proxyregistry.go: zero or less means never
  assert.equal(proxy.ttl, "0s");
  assert.deepEqual(
    pod.volumes.filter((name) => /^(?:origin|stored)-/.test(name)),
    [],
  );
  assert.deepEqual(new Set(pod.mounts), new Set(pod.volumes));
  // The argument of origin.sh that names the store to clean.
  assert.equal(pod.container("origin-one")?.command?.[3], "");
  const stored = pod.config("stored-one");
  assert.equal(stored.proxy, undefined);
  assert.deepEqual(stored.storage.maintenance.readonly, { enabled: true });
});

test("redirects only from the origins, and only where it is configured", () => {
  for (const [delivery, disable] of [
    ["proxied", true],
    ["redirect", false],
  ] as const) {
    const pod = withStore({ ...s3, delivery });
    for (const name of ["origin-one", "stored-two"]) {
      assert.deepEqual(pod.config(name).storage.redirect, { disable });
    }
    assert.equal(/proxy_cache_valid 307/.test(pod.nginx), !disable);
  }
});

test("caches a redirect to the bucket for much less than its minimum validity of five minutes", () => {
  const { nginx } = withStore({ ...s3, delivery: "redirect" });
  const seconds = [...nginx.matchAll(/proxy_cache_valid 307 (\d+)s;/g)].map(([, digits]) => Number(digits));
  assert.ok(seconds.length > 0);
  for (const each of seconds) assert.ok(each > 0 && each <= 60, `${each} s`);
});

test("gives a slow fill an hour", () => {
  assert.equal(withStore(s3).config("origin-one").proxy.cachewritetimeout, "1h");
});

test("has no certificate behind proxies, at any port", () => {
  const pod = rendered({ proxies: ["10.0.0.0/8", "fd00::/8"] });
  assert.ok(!pod.volumes.includes("tls"));
  assert.deepEqual(new Set(pod.mounts), new Set(pod.volumes));
  assert.doesNotMatch(pod.nginx, /\bssl/);
  assert.match(pod.nginx, /^ +listen 0\.0\.0\.0:9443 backlog=4096;$/m);
  for (const range of ["10.0.0.0/8", "fd00::/8"]) {
    assert.ok(pod.nginx.includes(`set_real_ip_from ${range};`));
  }
});

test("outputs where the store is, for redirected clients", () => {
  const urls = [
    s3,
    { ...s3, region: "cn-north-1" },
    { ...s3, endpoint: "https://s3.example.com:9000" },
    { ...s3, endpoint: "https://s3.example.com", pathStyle: true },
    azure,
  ].map(storeUrl);
  assert.deepEqual(urls, [
    "https://blobs.s3.eu-central-1.amazonaws.com",
    "https://blobs.s3.cn-north-1.amazonaws.com.cn",
    "https://blobs.s3.example.com:9000",
    "https://s3.example.com/blobs",
    "https://blobs.blob.core.windows.net/registry",
  ]);
});
