import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assertProblem,
  awsRegion,
  kubernetesRegion,
  local,
  problemsOf,
  upstreams,
  withAws,
  withAwsEndpoint,
  withKubernetes,
  withLocal,
  withUpstream,
} from "../support/raw-stacks.ts";

const { zone: _, ...endpointWithoutZone } = awsRegion.endpoint;

test("refuses an absurd workload", () => {
  assertProblem({ ...local, workload: { nodes: -1 } }, /^workload\.nodes: must be at least 0$/);
  assertProblem(
    { ...local, workload: { workingSetGiB: 1e9 } },
    /^workload\.workingSetGiB: must be at most 1000000$/,
  );
  assertProblem({ ...local, workload: { peakMinutes: 0 } }, /^workload\.peakMinutes: must be at least 1$/);
});

test("checks names, registries and addresses", () => {
  for (const registry of ["https://ghcr.io", "ghcr.io/team", "GHCR.io", "ghcr", "ghcr.io:", "-x.io"]) {
    assertProblem(
      withUpstream({ registry }),
      /^upstreams\[0\]\.registry: ".*" is not a registry: write host or host:port/,
    );
  }
  assertProblem(withUpstream({ url: "ghcr.io" }), /^upstreams\[0\]\.url: is not an address/);
  assertProblem(
    withUpstream({ url: "https://ghcr.io/v2/" }),
    /url: has the path \/v2\/: a registry is always at the root/,
  );
  for (const url of ["https://token@ghcr.io", "https://:token@ghcr.io"])
    assertProblem(withUpstream({ url }), /url: has credentials in it, which count as leaked: /);
  for (const url of ["https://ghcr.io/?a=b", "https://ghcr.io/#a"])
    assertProblem(withUpstream({ url }), /url: must not have a query or fragment$/);
  assertProblem(
    withUpstream({ url: "http://ghcr.io" }),
    /url: is plain http, which anyone on the way can read/,
  );
  for (const url of [
    "http://203.0.113.1",
    "http://zot.svc",
    "http://zot.zot.svc.example.com",
    "http://zot.zot.svc.local",
    "http://svc",
  ]) {
    assertProblem(
      withUpstream({ url }),
      /url: is plain http.*or a Service of the cluster \(http:\/\/name\.namespace\.svc\)$/,
    );
  }
  for (const url of [
    "http://127.0.0.1:5000",
    "http://localhost:5000",
    "http://[::1]:5000",
    "http://10.1.2.3",
    "http://100.64.1.2:5000",
    "http://[fd00::1]",
    "http://zot.zot.svc:5000",
    "http://zot-0.zot.zot.svc.cluster.local",
  ]) {
    assert.deepEqual(problemsOf(withUpstream({ url })), []);
  }
  const alertmanagers = ["http://alertmanager-operated.monitoring.svc:9093/alerts"];
  const remoteWrite = { url: "http://mimir-gateway.mimir.svc.cluster.local/api/v1/push" };
  assert.deepEqual(problemsOf({ ...withKubernetes({}), monitoring: { alertmanagers, remoteWrite } }), []);
  assertProblem(withUpstream({ repositories: [] }), /repositories: must have at least 1 entry/);
  assertProblem(
    withUpstream({ repositories: ["library/nginx:1.27"] }),
    /repositories\[0\]: has a tag or digest: leave it out, as a repository is served with all its tags$/,
  );
  assertProblem(
    withUpstream({ repositories: ["localhost:5000/team/*"] }),
    /repositories\[0\]: names a registry: leave it out and write "team\/\*"$/,
  );
  assertProblem(withUpstream({ repositories: ["team/"] }), /repositories\[0\]: has an empty path segment/);
  assertProblem(withLocal({ name: "Local_1" }), /^regions\[0\]\.name: "Local_1" is not a name/);
  assertProblem(withAws({ name: "frankfurt" }), /^regions\[0\]\.name: "frankfurt" is not an AWS region/);
  assertProblem({ ...local, images: { edge: "UPPER" } }, /^images\.edge: "UPPER" is not an image reference/);
  assertProblem(
    { ...local, monitoring: { labels: { "a-b": "x" } } },
    /^monitoring\.labels\["a-b"\]: must be a Prometheus label/,
  );
  assertProblem(
    { ...local, monitoring: { labels: { team: "US$" } } },
    /^monitoring\.labels\.team: has \$ in it, which Prometheus takes for the beginning of a variable$/,
  );
});

test("keeps the labels that the alerts depend on", () => {
  const refused = {
    "is a label of the cache's own series, which the alerts depend on: choose another name": [
      "job",
      "replica",
      "upstream",
    ],
    "is a label that the cache sets itself: remove it": ["alertname", "provider", "region", "topology"],
  };
  for (const [message, names] of Object.entries(refused))
    for (const name of names) {
      const labels = { [name]: "x" };
      for (const monitoring of [{ labels }, { alerts: { labels } }])
        assertProblem(
          { ...local, monitoring },
          new RegExp(`^monitoring\\.(?:alerts\\.)?labels\\.${name}: ${message}$`),
        );
    }
});

test("checks alerts", () => {
  const withAlerts = (changes: object) => ({ ...local, monitoring: { alerts: changes } });
  assertProblem(
    withAlerts({ overrides: { RegistryCachDown: { severity: "none" } } }),
    /^monitoring\.alerts\.overrides\.RegistryCachDown: unknown key; did you mean "RegistryCacheDown"\?/,
  );
  const labels = { team: "a\n{{ honeybadger" };
  for (const changes of [{ labels }, { workingHoursLabels: labels }, { overrides: { Watchdog: labels } }]) {
    assertProblem(
      withAlerts(changes),
      /^monitoring\.alerts\.\S*team: has \{\{ in it, which Prometheus takes for the beginning of a template$/,
    );
  }
  for (const template of ["{{alert}}", "{{ $value }}", "{{ $labels.__a }}", "{{{ $labels.a }}"])
    assertProblem(
      withAlerts({ runbookUrl: `https://example.com/{alert}?{{ $labels.a }}${template}` }),
      /^monitoring\.alerts\.runbookUrl: has \{\{ in it, .* only \{\{ \$labels\.NAME \}\} is allowed$/,
    );
  const runbookUrl = "https://example.com/{alert}/?CUSTOMER={{ $labels.customer }}&R={{ $labels.region }}";
  assert.deepEqual(problemsOf(withAlerts({ runbookUrl })), []);
  assertProblem(
    withAlerts({ overrides: { RegistryCacheDown: { "a-b": "x" } } }),
    /^monitoring\.alerts\.overrides\.RegistryCacheDown\["a-b"\]: must be a Prometheus label/,
  );
  assertProblem(
    withAlerts({ runbookUrl: "https://runbooks.example.com" }),
    /^monitoring\.alerts\.runbookUrl: has no \{alert\} in it/,
  );
  assertProblem(
    withAlerts({ thresholds: { errorRatio: 5 } }),
    /^monitoring\.alerts\.thresholds\.errorRatio: must be less than 1$/,
  );
  assertProblem(
    withAlerts({ thresholds: { downMinutes: 0 } }),
    /^monitoring\.alerts\.thresholds\.downMinutes: must be more than 0$/,
  );
  assertProblem(
    withAlerts({ thresholds: { downMinute: 5 } }),
    /^monitoring\.alerts\.thresholds\.downMinute: unknown key; did you mean "downMinutes"\?/,
  );
});

test("checks image references", () => {
  const digest = `sha256:${"0".repeat(64)}`;
  for (const edge of ["ghcr.io/nginx", "localhost/cache/edge:dev", `mirror:5000/a/b:1.2@${digest}`]) {
    assert.deepEqual(problemsOf({ ...local, images: { edge } }), [], edge);
  }
  for (const edge of ["a.io/b:c:d", "a.io/a@sha256:12", "https://a.io/b", "a.io/a//b"]) {
    assertProblem({ ...local, images: { edge } }, /is not an image reference/);
  }
  for (const edge of ["nginx", `edge@${digest}`, "mirror/prom/prometheus:v3", "library/nginx:1"]) {
    assertProblem(
      { ...local, images: { edge } },
      /^images\.edge: "\S+" is not an image reference: write it with its registry, like registry\.example\.com\/name:tag@sha256:/,
    );
  }
});

test("checks endpoints", () => {
  for (const hostname of [
    "cache",
    "Cache.example.com",
    "cache_1.example.com",
    "https://c.example.com",
    "c.example.com.",
    "10.0.0.1",
  ]) {
    assertProblem(
      withAws({ endpoint: { hostname, tls: { mode: "private" } } }),
      /hostname: ".*" is not a full host name/,
    );
  }
  assertProblem(
    withAws({ endpoint: endpointWithoutZone }),
    /^regions\[0\]\.endpoint\.zone: is missing: `tls: { mode: acme }`/,
  );
  assertProblem(withAwsEndpoint({ zone: "example.org" }), /zone: doesn't contain the host name/);
  assertProblem(withAwsEndpoint({ zone: "ample.com" }), /zone: doesn't contain the host name/);
  for (const changes of [{ zone: "example.com." }, { hostname: "https://cache.example.com/" }])
    assertProblem(withAwsEndpoint(changes), /: ".*" is not a full host name/);
  const label = `${"a".repeat(60)}.`;
  const named = (length: number, changes: object) =>
    withAwsEndpoint({ hostname: `${"a".repeat(length - 195)}.${label.repeat(3)}example.com`, ...changes });
  assert.deepEqual(problemsOf(named(237, {})), []);
  assertProblem(
    named(238, {}),
    /^regions\[0\]\.endpoint\.hostname: is longer than 237 characters: a name has at most 253, also `_acme-challenge\.<hostname>`, by which `tls: { mode: acme }` proves it$/,
  );
  assert.deepEqual(problemsOf(named(253, { tls: { mode: "private" } })), []);
  assertProblem(named(254, {}), /hostname: ".*" is not a full host name/);
  assertProblem(withAwsEndpoint({ port: 80 }), /port: must be at least 443$/);
  for (const port of [9100, 9443, 15_000, 15_999])
    assertProblem(withAwsEndpoint({ port }), /port: is one of the machine's own/);
  for (const port of [14_999, 16_000]) assert.deepEqual(problemsOf(withAwsEndpoint({ port })), []);
  assertProblem(
    withKubernetes({ endpoint: { ...kubernetesRegion.endpoint, port: 9443 } }),
    /port: is the port of the metrics$/,
  );
  assertProblem(withAwsEndpoint({ port: 65536 }), /port: must be at most 65535$/);
  assertProblem(
    withAwsEndpoint({ tls: { mode: "acme", email: "ops" } }),
    /tls\.email: "ops" is not an e-mail address$/,
  );
  assertProblem(
    withAwsEndpoint({ tls: { mode: "acmee" } }),
    /tls\.mode: must be one of "acme", "provided", "private"$/,
  );
  assertProblem(
    withLocal({ endpoint: { tls: { mode: "acme", email: "a@b.cd" } } }),
    /tls\.mode: must be one of "private", "provided"$/,
  );
  assertProblem(
    withLocal({ endpoint: { tls: { mode: "provided", certificateFile: "~/c.pem", keyFile: "/k.pem" } } }),
    /tls\.certificateFile: "~\/c\.pem" is not an absolute path/,
  );
});

test("checks address ranges", () => {
  const withClients = (...clients: string[]) => withAws({ access: { clients } });
  assertProblem(
    withClients("203.0.113.7"),
    /clients\[0\]: "203\.0\.113\.7" is one address: write 203\.0\.113\.7\/32$/,
  );
  assertProblem(withClients("2001:db8::1"), /write 2001:db8::1\/128$/);
  assertProblem(withClients("10.0.0.1/8"), /has bits set behind its prefix: write 10\.0\.0\.0\/8$/);
  assertProblem(withClients("10.0.0.0/33"), /"\/33" is not a prefix length: 1 to 32$/);
  assertProblem(withClients("10.0/8"), /is not an address range/);
  assertProblem(
    withClients("0.0.0.0/0"),
    /is the whole internet; where that is meant, write `clients: public`$/,
  );
  assertProblem(
    withAws({ access: { clients: ["10.0.0.0/8"], metrics: ["::/0"] } }),
    /access\.metrics\[0\]: is the whole internet: name the addresses that you mean$/,
  );
  assertProblem(
    withAws({ topology: "cluster", storage: { kind: "bucket" }, apiAccess: ["0.0.0.0/0"] }),
    /apiAccess\[0\]: is the whole internet: name the addresses that you mean$/,
  );
  assertProblem(withClients("10.0.0.0/8", "10.1.0.0/16"), /clients\[1\]: is already part of 10\.0\.0\.0\/8$/);
  assertProblem(
    withClients("10.1.0.0/16", "10.1.0.0/16"),
    /clients\[1\]: is already part of 10\.1\.0\.0\/16$/,
  );
  assert.deepEqual(problemsOf(withClients("10.0.0.0/9", "10.128.0.0/9", "2001:db8::/32")), []);
  const list = "pl-0123456789abcdef0";
  assert.deepEqual(problemsOf(withClients("10.0.0.0/9", list)), []);
  assertProblem(withClients(list, list), /clients\[1\]: is already part of pl-0123456789abcdef0$/);
  assertProblem(withClients("pl-1"), /clients\[0\]: "pl-1" is not the id of a prefix list/);
});

test("checks a private endpoint, and the zone in which its name is proved", () => {
  const acme = { mode: "acme", email: "ops@example.com" };
  const privately = { exposure: "private", failover: "dns" };
  const challenge = { ...endpointWithoutZone, tls: { ...acme, challengeZone: "example.com" } };
  const clients = { access: { clients: ["10.0.0.0/8"] } };
  assert.deepEqual(problemsOf(withAws({ endpoint: { ...challenge, exposure: "private" }, ...clients })), []);
  assert.deepEqual(problemsOf(withAwsEndpoint(privately)), []);
  for (const challengeZone of ["example.org", "c.cache.example.com", "ample.com"]) {
    assertProblem(
      withAwsEndpoint({ tls: { ...acme, challengeZone } }),
      /^regions\[0\]\.endpoint\.tls\.challengeZone: doesn't contain the host name/,
    );
  }
  assert.deepEqual(problemsOf(withAwsEndpoint({ tls: { ...acme, challengeZone: "cache.example.com" } })), []);
  assertProblem(
    withAws({ endpoint: { ...challenge, ...privately }, ...clients }),
    /^regions\[0\]\.endpoint\.failover: needs `zone`/,
  );
  assertProblem(
    withAws({ endpoint: { ...awsRegion.endpoint, ...privately }, access: { clients: "public" } }),
    /^regions\[0\]\.access\.clients: is the whole internet, which doesn't reach an endpoint/,
  );
});

test("accepts security groups only for a private endpoint", () => {
  const endpoint = { ...awsRegion.endpoint, exposure: "private" };
  const access = { clients: ["sg-0123456789abcdef0"], metrics: ["pl-0123456789abcdef0"] };
  assert.deepEqual(problemsOf(withAws({ endpoint, access })), []);
  for (const key of ["clients", "metrics"])
    assertProblem(
      withAws({ access: { ...awsRegion.access, [key]: access.clients } }),
      new RegExp(
        `^regions\\[0\\]\\.access\\.${key}\\[0\\]: is a security group, which .*: it needs \`exposure: private\`$`,
      ),
    );
  assertProblem(
    withAws({ endpoint: { ...endpoint, exposure: "privat" }, access }),
    /^regions\[0\]\.endpoint\.exposure: /,
  );
  assertProblem(
    withAws({ endpoint, access: { clients: ["123456789012/sg-0123456789abcdef0"] } }),
    /clients\[0\]: "123456789012\/sg-0123456789abcdef0" names an account: a security group must be of the cache's own account and region, written by its id alone\. For another's, name address ranges or a prefix list$/,
  );
  assertProblem(
    withAws({ endpoint, access: { clients: ["sg-nodes"] } }),
    /clients\[0\]: "sg-nodes" is not the id of a security group, like sg-0123456789abcdef0$/,
  );
});

test("accepts a private link's users in their cloud's form", () => {
  const withAllowed = (...allowed: unknown[]) =>
    withAwsEndpoint({ exposure: "private", privateLink: { allowed } });
  const principals = ["123456789012", "arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:role/a/b"];
  assert.deepEqual(problemsOf(withAllowed(...principals)), []);
  assertProblem(withAllowed(), /privateLink\.allowed: must have at least 1 entry$/);
  for (const principal of ["*", "12345", "arn:aws:s3:::bucket"])
    assertProblem(withAllowed(principal), /allowed\[0\]: ".*" is not an account or principal of AWS/);
  assertProblem(withAllowed(123456789012), /allowed\[0\]: must be text: put it in quotes/);
  assertProblem(
    withAwsEndpoint({ privateLink: { allowed: principals } }),
    /^regions\[0\]\.endpoint\.privateLink: needs `exposure: private`$/,
  );
  assertProblem(
    withAwsEndpoint({ exposure: "privat", privateLink: { allowed: principals } }),
    /^regions\[0\]\.endpoint\.exposure: /,
  );
  const azure = (endpoint: object) => ({
    provider: "azure",
    regions: [
      {
        ...awsRegion,
        name: "westeurope",
        endpoint: { ...awsRegion.endpoint, zoneResourceGroup: "dns", exposure: "private", ...endpoint },
      },
    ],
    upstreams,
  });
  const subscription = "00000000-0000-4000-8000-000000000000";
  assert.deepEqual(problemsOf(azure({ privateLink: { allowed: [subscription] } })), []);
  assertProblem(
    azure({ privateLink: { allowed: ["123456789012"] } }),
    /allowed\[0\]: "123456789012" is not the id of a subscription/,
  );
  const tls = { mode: "acme", email: "ops@example.com", challengeZone: "example.com" };
  assertProblem(
    azure({ tls }),
    /^regions\[0\]\.endpoint\.tls\.challengeZoneResourceGroup: must be set together/,
  );
  assert.deepEqual(problemsOf(azure({ tls: { ...tls, challengeZoneResourceGroup: "dns" } })), []);
  assertProblem(
    azure({ zone: undefined, tls: { mode: "private" } }),
    /^regions\[0\]\.endpoint\.zoneResourceGroup: must be set together with `zone`/,
  );
});
