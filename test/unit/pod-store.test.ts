/** The Pod of a region whose replicas share object storage. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { storeUrl } from "../../components/pod/object-storage.ts";
import type { PodOptions } from "../../components/pod/options.ts";
import { renderPod } from "../../components/pod/pod.ts";
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
    text: JSON.stringify({ pod, configMaps }),
  };
}

const withStore = (store: ObjectStore) => rendered({ store });

test("each upstream has a directory of the bucket, for both of its registries", () => {
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

test("S3 is reached by its region, and by an address where there is one", () => {
  const parameters = (change: Partial<S3Store>) =>
    withStore({ ...s3, ...change }).config("origin-one").storage.s3;
  assert.deepEqual(parameters({}), {
    region: "eu-central-1",
    bucket: "blobs",
    regionendpoint: "https://s3.eu-central-1.amazonaws.com",
    chunksize: 5 * 1024 ** 2,
    rootdirectory: "/one",
  });
  // distribution's SDK asks for credentials at the same address, where there is one.
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

test("the identity of the Pod is what counts, unless a Secret has keys", () => {
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

test("no replica deletes what others may need, or believes that something is there that may be gone", () => {
  const pod = withStore(s3);
  const { storage, proxy } = pod.config("origin-one");
  assert.equal(storage.delete, undefined);
  assert.equal(storage.cache, undefined);
  assert.deepEqual(storage.maintenance, { uploadpurging: { enabled: false } });
  // https://github.com/distribution/distribution/blob/v3.1.2/registry/proxy/proxyregistry.go: not over 0 is never
  assert.equal(proxy.ttl, "0s");
  assert.deepEqual(
    pod.volumes.filter((name) => /^(?:origin|stored)-/.test(name)),
    [],
  );
  assert.deepEqual(new Set(pod.mounts), new Set(pod.volumes));
  // Of origin.sh, which would keep it clean.
  assert.equal(pod.container("origin-one")?.command?.[3], "");
  const stored = pod.config("stored-one");
  assert.equal(stored.proxy, undefined);
  assert.deepEqual(stored.storage.maintenance.readonly, { enabled: true });
});

test("redirects are the origins' to give, and only where they are wanted", () => {
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

test("an address in the bucket is kept much shorter than the five minutes that it holds at least", () => {
  const { nginx } = withStore({ ...s3, delivery: "redirect" });
  const seconds = [...nginx.matchAll(/proxy_cache_valid 307 (\d+)s;/g)].map(([, digits]) => Number(digits));
  assert.ok(seconds.length > 0);
  for (const each of seconds) assert.ok(each > 0 && each <= 60, `${each} s`);
});

test("a slow fill has an hour", () => {
  assert.equal(withStore(s3).config("origin-one").proxy.cachewritetimeout, "1h");
});

test("behind proxies there is no certificate, at no port", () => {
  const pod = rendered({ proxies: ["10.0.0.0/8", "fd00::/8"] });
  assert.ok(!pod.volumes.includes("tls"));
  assert.deepEqual(new Set(pod.mounts), new Set(pod.volumes));
  assert.doesNotMatch(pod.nginx, /\bssl/);
  assert.match(pod.nginx, /^ +listen 0\.0\.0\.0:9443 backlog=4096;$/m);
  for (const range of ["10.0.0.0/8", "fd00::/8"]) {
    assert.ok(pod.nginx.includes(`set_real_ip_from ${range};`));
  }
});

test("where the store is, for who is sent there", () => {
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
