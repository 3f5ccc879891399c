import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { imageReference, referenceText } from "../../components/config/image-reference.ts";
import { parseConfig } from "../../components/config/parse.ts";
import { referencesOf } from "../../components/config/release-file.ts";
import { assertProblem, local, problemsOf } from "../support/raw-stacks.ts";
import { tempDir } from "../support/scope.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
const gsoci = { name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**", "charts/**"] };
const withPrefetch = (prefetch: unknown) => ({ ...local, upstreams: [gsoci], prefetch });
const ofImages = (...images: unknown[]) => withPrefetch({ images });

/** From https://github.com/giantswarm/releases, shortened. */
const release = `
apiVersion: release.giantswarm.io/v1alpha1
kind: Release
metadata: { name: aws-1.0.0 }
spec:
  apps:
    - { name: coredns, version: 1.22.0, dependsOn: [cilium] }
    - { name: network-policies, version: 0.1.1, catalog: cluster }
  components:
    - { name: cluster-aws, version: 2.2.0, catalog: cluster }
    - { name: kubernetes, version: 1.29.9 }
`;
const charts = "gsoci.azurecr.io/charts/giantswarm/{name}:{version}";

describe("a reference", () => {
  for (const [text, parts] of Object.entries({
    "gsoci.azurecr.io/giantswarm/app:1.0": ["gsoci.azurecr.io", "giantswarm/app", "1.0"],
    "oci://gsoci.azurecr.io/charts/app:1.0": ["gsoci.azurecr.io", "charts/app", "1.0"],
    [`localhost:5000/app:1.0@${digest}`]: ["localhost:5000", "app", digest],
    "gsoci.azurecr.io/giantswarm/app:1.*-rc*": ["gsoci.azurecr.io", "giantswarm/app", "1.*-rc*"],
  })) {
    test(text, () => {
      const [registry, repository, reference] = parts;
      assert.deepEqual(imageReference(text), { registry, repository, reference });
    });
  }

  test("is written as it was read", () => {
    for (const text of ["a.io/b:1", `a.io/b/c@${digest}`]) {
      const parts = imageReference(text);
      assert.ok(parts);
      assert.equal(referenceText(parts), text);
    }
  });

  test("needs a registry, and a tag or a digest", () => {
    for (const text of ["app:1", "team/app:1", "a.io/app", "a.io/app@sha256:12", "a.io/App:1", "a.io/app:1 "])
      assert.equal(imageReference(text), undefined, text);
  });
});

describe("a release file", () => {
  test("can have a reference in each line", () => {
    const text = "# of today\na.io/app:1 # the first\n\na.io/base:2\r\na.io/app:1\n";
    assert.deepEqual(referencesOf("release.txt", text), ["a.io/app:1", "a.io/base:2"]);
  });

  test("can be YAML or JSON with references in it", () => {
    const manifests =
      "image: a.io/app:1\nname: app\n---\nspec: { containers: [{ image: a.io/base:2, command: [sh, 'a:1'] }] }\n";
    assert.deepEqual(referencesOf("all.yaml", manifests), ["a.io/app:1", "a.io/base:2"]);
    assert.deepEqual(referencesOf("lock.json", JSON.stringify({ images: [{ at: `a.io/app@${digest}` }] })), [
      `a.io/app@${digest}`,
    ]);
  });

  test("can name charts by name and version", () => {
    assert.deepEqual(referencesOf("release.yaml", release, charts), [
      "gsoci.azurecr.io/charts/giantswarm/coredns:1.22.0",
      "gsoci.azurecr.io/charts/giantswarm/network-policies:0.1.1",
      "gsoci.azurecr.io/charts/giantswarm/cluster-aws:2.2.0",
    ]);
    assert.throws(() => referencesOf("release.yaml", release), /say where they are by `charts`/);
    const ofApp = (app: string) => `{ kind: Release, spec: { apps: [${app}] } }`;
    assert.deepEqual(referencesOf("release.yaml", ofApp("{ name: app, version: 1.2.0+abc }"), charts), [
      "gsoci.azurecr.io/charts/giantswarm/app:1.2.0_abc",
    ]);
    for (const app of ["{ name: app, version: 1.10 }", "{ name: app }"])
      assert.throws(
        () => referencesOf("release.yaml", ofApp(app), charts),
        /a chart whose name or version is missing/,
      );
  });

  test("is refused without any reference", () => {
    assert.throws(() => referencesOf("empty.txt", "# nothing\n"), /names no image or chart/);
    assert.throws(() => referencesOf("values.yaml", "a: 1"), /names no image or chart/);
    assert.throws(() => referencesOf("broken.yaml", "a: [1"), /isn't YAML/);
  });
});

describe("prefetch", () => {
  test("has defaults", () => {
    const { prefetch } = parseConfig(ofImages("gsoci.azurecr.io/giantswarm/app:1"));
    assert.deepEqual(prefetch, {
      references: [{ registry: "gsoci.azurecr.io", repository: "giantswarm/app", reference: "1" }],
      platforms: ["linux/amd64", "linux/arm64"],
      everyMinutes: 60,
      mbps: 200,
    });
  });

  test("combines images and files, with each reference once", async () => {
    await using directory = await tempDir();
    const path = join(directory.path, "release.yaml");
    await writeFile(path, release);
    const { prefetch } = parseConfig(
      withPrefetch({
        images: ["gsoci.azurecr.io/charts/giantswarm/coredns:1.22.0"],
        files: [{ path, charts }],
        platforms: "all",
      }),
    );
    assert.deepEqual(
      prefetch?.references.map(({ repository }) => repository),
      ["coredns", "network-policies", "cluster-aws"].map((name) => `charts/giantswarm/${name}`),
    );
  });

  test("refuses everything that the cache doesn't serve at once, with the path", async () => {
    await using directory = await tempDir();
    const path = join(directory.path, "images");
    await writeFile(path, "gsoci.azurecr.io/giantswarm/app:1\nquay.io/team/app:1\n");
    assert.deepEqual(
      problemsOf(
        withPrefetch({
          images: [
            "gsoci.azurecr.io/other/app:1",
            "gsoci.azurecr.io/giantswarm/app:1",
            "gsoci.azurecr.io/giantswarm/app",
          ],
          files: [{ path }],
        }),
      ),
      [
        'prefetch.images[0]: "gsoci.azurecr.io/other/app:1" is of a repository that the cache may not serve: add it to upstreams[0].repositories',
        'prefetch.images[2]: "gsoci.azurecr.io/giantswarm/app" is not a reference: write it like registry.example.com/team/app:1.0, with a tag or @sha256:… (64 hexadecimal digits); only a tag may have `*` in it',
        'prefetch.files[0].path: "quay.io/team/app:1" is of a registry that is none of the upstreams: it has gsoci.azurecr.io',
      ],
    );
    assertProblem(
      ofImages("gsoc.azurecr.io/giantswarm/app:1"),
      /none of the upstreams: did you mean "gsoci.azurecr.io"\?$/,
    );
  });

  test("refuses a registry with a port that isn't the first upstream", () => {
    const team = { name: "team", registry: "registry.example.com:5000", repositories: ["**"] };
    const prefetch = { images: ["registry.example.com:5000/app:1"] };
    assertProblem({ ...local, upstreams: [gsoci, team], prefetch }, /with a port, which no path can name/);
    assert.deepEqual(problemsOf({ ...local, upstreams: [team], prefetch }), []);
  });

  test("refuses an unusable file", () => {
    assertProblem(
      withPrefetch({ files: [{ path: "/nonexistent/release" }] }),
      /^prefetch\.files\[0\]\.path: "\/nonexistent\/release" can't be read: ENOENT$/,
    );
    assertProblem(
      withPrefetch({ files: [{ path: "a", charts: "a.io/{name}" }] }),
      /^prefetch\.files\[0\]\.charts: needs \{name\} and \{version\}/,
    );
  });

  test("refuses absurd values", () => {
    assertProblem(withPrefetch({ everyMinutes: 0 }), /^prefetch\.everyMinutes: must be at least 1$/);
    assertProblem(withPrefetch({ mbps: 0 }), /^prefetch\.mbps: must be at least 1$/);
    assertProblem(
      withPrefetch({ platforms: ["amd64"] }),
      /^prefetch\.platforms\[0\]: "amd64" is not a platform/,
    );
    assertProblem(withPrefetch({ image: [] }), /^prefetch\.image: unknown key; did you mean "images"\?$/);
  });
});
