import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../components/config/parse.ts";
import { ca } from "../support/kubernetes-regions.ts";
import {
  assertProblem,
  aws,
  awsRegion,
  local,
  problemsOf,
  upstreams,
  withAws,
  withKubernetes,
  withLocal,
} from "../support/raw-stacks.ts";

test("reads sizes as GiB", () => {
  const sizeOf = (size: string) =>
    parseConfig(withLocal({ storage: { kind: "disk", size } })).regions[0]?.storage;
  assert.deepEqual(sizeOf("20GiB"), { kind: "disk", sizeGiB: 20 });
  assert.deepEqual(sizeOf("1.5TiB"), { kind: "disk", sizeGiB: 1536 });
  assert.deepEqual(sizeOf("auto"), { kind: "disk", sizeGiB: "auto" });
});

test("chooses a VM's machine automatically unless it is named", () => {
  const machineOf = (changes: object) => {
    const [region] = parseConfig(withAws(changes)).regions;
    return region && "machine" in region ? region.machine : undefined;
  };
  assert.deepEqual(machineOf({}), { type: "auto" });
  const named = { type: "m7i.large", architecture: "amd64" };
  assert.deepEqual(machineOf({ machine: named }), named);
  assertProblem(
    withAws({ machine: { architecture: "x86" } }),
    /^regions\[0\]\.machine\.architecture: must be one of "arm64", "amd64"$/,
  );
  assertProblem(
    withAws({
      topology: "cluster",
      storage: { kind: "bucket" },
      apiAccess: ["192.0.2.0/24"],
      machine: named,
    }),
    /^regions\[0\]\.machine: goes with `topology: vm` only: leave it out, or change `topology`$/,
  );
  assertProblem(withLocal({ machine: named }), /^regions\[0\]\.machine: unknown key/);
});

test("accepts a machine's image in its cloud's form", () => {
  const imageOf = (raw: Record<string, unknown>) =>
    (parseConfig(raw).regions[0] as { machine: { image?: string } }).machine.image;
  const withAzure = (changes: object) => ({
    provider: "azure",
    regions: [
      {
        ...awsRegion,
        name: "westeurope",
        endpoint: { ...awsRegion.endpoint, zoneResourceGroup: "dns" },
        ...changes,
      },
    ],
    upstreams,
  });
  const version =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/g/images/debian/versions/1.0.0";
  assert.equal(imageOf(aws), undefined);
  assert.equal(imageOf(withAws({ machine: { image: "ami-0123456789abcdef0" } })), "ami-0123456789abcdef0");
  for (const image of ["0.20260914.2601", version])
    assert.equal(imageOf(withAzure({ machine: { image } })), image);
  assertProblem(withAws({ machine: { image: "debian-13" } }), /machine\.image: .* is not the id of an AMI/);
  for (const image of ["latest", "ami-0123456789abcdef0", version.replace("galleries", "images")])
    assertProblem(withAzure({ machine: { image } }), /machine\.image: .* is not a version of Debian's image/);
  assertProblem(
    withAzure({ resourceGroup: "ends." }),
    /resourceGroup: .* is not the name of a resource group/,
  );
});

test("refuses impossible sizes, and combinations of provider, topology and storage", () => {
  const withSize = (size: unknown) => withAws({ storage: { kind: "disk", size } });
  for (const size of ["20GB", "20", "-1GiB", "1e3GiB", ""])
    assertProblem(withSize(size), /size: ".*" is not a size: write it like/);
  assertProblem(withSize(20), /size: is a number, not a size: write it like 200GiB/);
  assertProblem(withSize("0GiB"), /size: "0GiB" is too small: at least 1GiB$/);
  assertProblem(withSize("1.5GiB"), /is not a whole number of GiB$/);
  assertProblem(withSize("65TiB"), /is more than one disk can have: at most 65536GiB$/);
  assertProblem(withLocal({ topology: "cluster" }), /topology: must be "vm" here$/);
  assertProblem(withLocal({ storage: { kind: "bucket" } }), /storage\.kind: must be `disk` here/);
  assertProblem(
    withAws({ topology: "cluster", storage: { kind: "disk" }, apiAccess: ["192.0.2.0/24"] }),
    /^regions\[0\]\.storage\.kind: must be `bucket` here/,
  );
  assertProblem(withAws({ network: { subnet: "subnet-0123456789abcdef0" } }), /network\.vpc: is missing/);
  assertProblem(
    withAws({ network: { vpc: "create", subnet: "subnet-0123456789abcdef0" } }),
    /network\.subnet: doesn't go with `vpc: create`: leave it out, or change `vpc` \(`create`, or the id of an existing VPC\)$/,
  );
});

test("requires a volume per replica or exactly one existing bucket in an existing cluster", () => {
  const storageOf = (storage: object) => parseConfig(withKubernetes({ storage })).regions[0]?.storage;
  const s3 = { bucket: "blobs", region: "eu-central-1" };
  const azure = { account: "blobs", container: "blobs" };
  assert.deepEqual(parseConfig(withKubernetes({})).regions[0]?.storage, { kind: "disk", sizeGiB: "auto" });
  assert.deepEqual(storageOf({ kind: "disk", size: "1TiB", class: "fast" }), {
    kind: "disk",
    sizeGiB: 1024,
    class: "fast",
  });
  assert.deepEqual(storageOf({ kind: "bucket", s3 }), {
    kind: "bucket",
    delivery: "proxied",
    scratchGiB: "auto",
    s3: { ...s3, pathStyle: false },
  });
  const scratch = (size: string) => storageOf({ kind: "bucket", s3, scratch: size });
  assert.equal((scratch("0.5TiB") as { scratchGiB?: number }).scratchGiB, 512);
  assertProblem(
    withKubernetes({ storage: { kind: "bucket", s3, scratch: "0.5GiB" } }),
    /storage\.scratch: "0\.5GiB" is too small: at least 1GiB$/,
  );
  assert.deepEqual(storageOf({ kind: "bucket", azure, scratch: { class: "fast" } }), {
    kind: "bucket",
    delivery: "proxied",
    scratchGiB: "auto",
    scratchClass: "fast",
    azure,
  });
  assertProblem(
    withKubernetes({ storage: { kind: "bucket", s3, scratch: 20 } }),
    /storage\.scratch: must be a size, like 20GiB, or a mapping like \{ size: 100GiB, class: fast \}$/,
  );
  assert.deepEqual(storageOf({ kind: "bucket", delivery: "redirect", azure }), {
    kind: "bucket",
    delivery: "redirect",
    scratchGiB: "auto",
    azure,
  });
  const one = /^regions\[0\]\.storage: must name one bucket: `s3: \{ bucket, region \}` or `azure: /;
  assertProblem(withKubernetes({ storage: { kind: "bucket" } }), one);
  assertProblem(withKubernetes({ storage: { kind: "bucket", s3, azure } }), one);
  assertProblem(
    withKubernetes({ storage: { kind: "disk", s3 } }),
    /storage\.s3: goes with `kind: bucket` only/,
  );
  assertProblem(
    withKubernetes({ storage: { kind: "bucket", s3: { ...s3, bucket: "My_Blobs" } } }),
    /storage\.s3\.bucket: "My_Blobs" is not the name of an S3 bucket$/,
  );
  const region = "RegionOne";
  const ofOpenStack = { ...s3, region, endpoint: "https://s3.example.com" };
  assert.deepEqual(problemsOf(withKubernetes({ storage: { kind: "bucket", s3: ofOpenStack } })), []);
  assertProblem(
    withKubernetes({ storage: { kind: "bucket", s3: { ...s3, region } } }),
    /storage\.s3\.region: "RegionOne" is not a region of AWS, like eu-central-1; other servers need their `endpoint`$/,
  );
  assertProblem(
    withKubernetes({ storage: { kind: "bucket", s3: { ...ofOpenStack, region: "a region" } } }),
    /storage\.s3\.region: "a region" is not a region of S3, like eu-central-1$/,
  );
  for (const endpoint of ["http://minio.minio.svc:9000", "https://minio.minio.svc", "http://[::1]:9000"]) {
    const at = (delivery: string) =>
      withKubernetes({ storage: { kind: "bucket", delivery, s3: { ...s3, endpoint, pathStyle: true } } });
    assertProblem(
      at("redirect"),
      /^regions\[0\]\.storage\.s3\.endpoint: is a Service or a loopback address, .*`delivery: proxied`$/,
    );
    assert.deepEqual(problemsOf(at("proxied")), []);
  }
});

test("checks the workload of a cluster", () => {
  assertProblem(withKubernetes({ replicas: { min: 3, max: 2 } }), /replicas\.max: is less than `min`$/);
  assertProblem(
    withKubernetes({ expose: { kind: "ingress" } }),
    /expose\.proxies: is missing: The Pods of the controller or Gateway, by address range or by labels/,
  );
  const behind = (...proxies: unknown[]) => withKubernetes({ expose: { kind: "ingress", proxies } });
  assertProblem(
    behind({}),
    /expose\.proxies\[0\]: selects nothing: set `namespaceLabels`, `podLabels` or both$/,
  );
  assertProblem(
    behind({ namespaceLabels: { team: "a" }, podLabel: { app: "a" } }),
    /expose\.proxies\[0\]\.podLabel: unknown key; did you mean/,
  );
  assertProblem(
    behind("10.1.0.1"),
    /expose\.proxies\[0\]: "10\.1\.0\.1" is one address: write 10\.1\.0\.1\/32$/,
  );
  assertProblem(behind(3), /expose\.proxies\[0\]: must be an address range, like .* or the labels of Pods/);
  assertProblem(
    withKubernetes({
      access: { clients: "public", metrics: ["10.0.0.0/8", { podLabels: { app: "a" } }, "10.1.0.0/16"] },
    }),
    /access\.metrics\[2\]: is already part of 10\.0\.0\.0\/8$/,
  );
  assertProblem(
    withKubernetes({ access: { clients: [{ podLabels: { app: "a" } }] } }),
    /access\.clients\[0\]: must be an address range: .*`access\.metrics` and `expose\.proxies`$/,
  );
  assertProblem(withKubernetes({ expose: { kind: "nodePort" } }), /expose\.kind: must be one of/);
  assertProblem(
    withKubernetes({ namespace: "Registry" }),
    /namespace: "Registry" is not the name of a namespace/,
  );
  assertProblem(
    withKubernetes({ endpoint: { hostname: "c.example.com", tls: { mode: "issuer" } } }),
    /endpoint\.tls\.name: is missing/,
  );
  const issued = (issuer: object) =>
    withKubernetes({
      endpoint: { hostname: "c.example.com", tls: { mode: "issuer", name: "own", ...issuer } },
    });
  assertProblem(
    issued({ kind: "StepClusterIssuer" }),
    /endpoint\.tls\.kind: must be Issuer or ClusterIssuer, or have its `group` beside it$/,
  );
  assert.deepEqual(problemsOf(issued({ kind: "StepClusterIssuer", group: "certmanager.step.sm" })), []);
  assertProblem(
    issued({ group: "cert-manager.io" }),
    /endpoint\.tls\.group: is cert-manager's own: leave it out$/,
  );
  const tls = (ca: string) =>
    withKubernetes({ endpoint: { hostname: "c.example.com", tls: { mode: "issuer", name: "own", ca } } });
  for (const text of ["", "vault", ca.replace("MII", "MIJ"), ca.replaceAll("CERTIFICATE", "PRIVATE KEY")]) {
    assertProblem(tls(text), /endpoint\.tls\.ca: is not one or more certificates in PEM: write .*-----$/);
    assertProblem(
      { ...withKubernetes({}), trustedAuthorities: text },
      /^trustedAuthorities: is not one or more certificates in PEM/,
    );
  }
  assert.deepEqual(problemsOf(tls(`# Now and next\n${ca}\n${ca}\n`)), []);
  assertProblem(
    withKubernetes({
      endpoint: { hostname: "c.example.com", tls: { mode: "acme", email: "platform@example.com" } },
    }),
    /endpoint\.tls\.mode: must be one of "issuer", "gateway", "provided", "private"$/,
  );
  const operator = (changes: object) => withKubernetes({ operator: changes });
  assertProblem(operator({ labels: { "a/b/c": "d" } }), /is not a key of a label or annotation/);
  assertProblem(operator({ labels: { team: "not a value" } }), /is not the value of a label/);
  const cluster = {
    topology: "cluster",
    storage: { kind: "bucket" },
    apiAccess: ["192.0.2.0/24"],
  };
  assertProblem(withAws({ ...cluster, apiAccess: undefined }), /apiAccess: is missing/);
  assertProblem(withAws({ ...cluster, version: "1.36.3" }), /version: "1\.36\.3" is not a minor version/);
  assertProblem(
    withAws({ ...cluster, network: { vpc: "vpc-0123456789abcdef0" } }),
    /network\.vpc: must be `create`; an existing one needs `nodeSubnets` and `loadBalancerSubnets` beside it$/,
  );
});

test("accepts a namespace that the stack creates, or an existing one", () => {
  const namespaceOf = (namespace: unknown) => parseConfig(withKubernetes({ namespace })).regions[0];
  const parsed = { name: "caches", create: true, labels: {}, annotations: {} };
  assert.deepEqual(namespaceOf("caches"), namespaceOf({ name: "caches" }));
  assert.deepEqual((namespaceOf("caches") as { namespace?: object }).namespace, parsed);
  assertProblem(
    withKubernetes({ namespace: 7 }),
    /namespace: must be the name of a namespace, or a mapping like \{ name: caches, create: false \}$/,
  );
  assertProblem(
    withKubernetes({ namespace: { name: "caches", create: false, labels: { team: "a" } } }),
    /namespace\.labels: goes with `create: true` only/,
  );
  assertProblem(
    withKubernetes({
      namespace: { name: "caches", labels: { "pod-security.kubernetes.io/enforce": "baseline" } },
    }),
    /namespace\.labels\["pod-security\.kubernetes\.io\/enforce"\]: can't be changed/,
  );
});

test("checks the settings of the Pods", () => {
  const names = ["app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/managed-by"];
  const reserved = [...names, "pod-security.kubernetes.io/enforce"];
  const labels = Object.fromEntries(reserved.map((name) => [name, "other"]));
  for (const [path, region] of [
    ["pods.labels", { pods: { labels } }],
    ["serviceAccount.podLabels", { serviceAccount: { podLabels: labels } }],
    ["expose.labels", { expose: { kind: "loadBalancer", labels } }],
  ] as const) {
    assert.deepEqual(
      problemsOf(withKubernetes(region)),
      reserved.map(
        (name) =>
          `regions[0].${path}["${name}"]: can't be changed: the cache sets this label itself. Leave it out`,
      ),
    );
  }
  const resources = (its: object) => withKubernetes({ pods: { resources: its } });
  assertProblem(
    resources({ prometeus: {} }),
    /resources\.prometeus: unknown key; did you mean "prometheus"\?$/,
  );
  assertProblem(
    resources({ edge: { requests: { memory: "2Gi" }, limits: { memory: "1024Mi" } } }),
    /resources\.edge\.requests\.memory: 2Gi is more than the limit, 1024Mi$/,
  );
  const equal = { requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "1000m", memory: "1024Mi" } };
  assert.deepEqual(problemsOf(resources({ edge: equal })), []);
  assertProblem(
    resources({ edge: { requests: { cpu: 2 } } }),
    /requests\.cpu: must be text: put it in quotes, "2"$/,
  );
  for (const cpu of ["0", "0m", "2 cores", "1.0005"]) {
    assertProblem(resources({ edge: { requests: { cpu } } }), /is not an amount of processor time/);
  }
  assertProblem(
    resources({ edge: { limits: { memory: "1GB" } } }),
    /is not an amount of memory: write it like 512Mi/,
  );
  assertProblem(withKubernetes({ pods: { runAsUser: 1000 } }), /pods\.runAsUser: must be "cluster" here/);
  const tolerated = (effect?: string) => {
    const toleration = { key: "node.kubernetes.io/unreachable", operator: "Exists", tolerationSeconds: 30 };
    return withKubernetes({ scheduling: { tolerations: [{ ...toleration, ...(effect && { effect }) }] } });
  };
  assert.deepEqual(problemsOf(tolerated("NoExecute")), []);
  for (const effect of ["NoSchedule", undefined]) {
    assertProblem(
      tolerated(effect),
      /scheduling\.tolerations\[0\]\.tolerationSeconds: goes with `effect: NoExecute` only$/,
    );
  }
  assertProblem(
    withKubernetes({ scheduling: { affinity: { nodeAfinity: {} } } }),
    /affinity\.nodeAfinity: unknown key; did you mean "nodeAffinity"\?$/,
  );
});

test("checks the ports of local regions", () => {
  const regions = (...changes: object[]) => ({
    ...local,
    regions: changes.map((change, index) => ({ name: `r${index}`, ...change })),
  });
  assertProblem(
    regions({ endpoint: { port: 15003 } }),
    /^regions\[0\]\.internalPort: ports 15000-15011 overlaps port 15003 of regions\[0\]\.endpoint\.port: choose another$/,
  );
  assertProblem(
    regions({}, { endpoint: { port: 9443 } }),
    /^regions\[1\]\.internalPort: ports 15000-15011 overlaps .* of regions\[0\]\.internalPort/,
  );
  assertProblem(regions({}, { internalPort: 16000 }), /^regions\[1\]\.endpoint\.port: port 8443 overlaps/);
  assertProblem(
    regions({ internalPort: 65530 }),
    /^regions\[0\]\.internalPort: needs 12 ports from here, beyond the last, 65535: start lower$/,
  );
  assert.deepEqual(problemsOf(regions({}, { endpoint: { port: 9443 }, internalPort: 15012 })), []);
});
