/** The content of the seeded upstream: an image that runs, a chart that deploys it, and its bill of materials. */
import { stringify } from "yaml";
import { gzip, tarOf } from "./archive.ts";
import { artifact, blob, type Content, image, index, jsonBlob, type Platform } from "./content.ts";
import { type NpmProgram, npmProgram } from "./npm-program.ts";

/** The names under which content is published. */
export interface Names {
  /** The registry's name as clients write it. Signatures contain it. */
  readonly registry: string;
  /** The first part of every repository's name. */
  readonly namespace: string;
}

const version = "0.28.2";

/** esbuild is published as one static Go program for each platform, and an image needs nothing else. */
const programs: readonly { platform: Platform; source: NpmProgram }[] = [
  {
    platform: { os: "linux", architecture: "amd64" },
    source: {
      name: "@esbuild/linux-x64",
      version,
      path: "bin/esbuild",
      integrity:
        "sha512-4xTZr1FUmSoQW4XIWmit3tzQrUTZM+N3P0XV8xROKYF50XfI7xeO90+1bZvNwxIufQ9hDQVRJH5YhgPVF8A/HQ==",
    },
  },
  {
    platform: { os: "linux", architecture: "arm64" },
    source: {
      name: "@esbuild/linux-arm64",
      version,
      path: "bin/esbuild",
      integrity:
        "sha512-pW4AC0P3it8c7do9MVM4p51FzHzdM/TZrerurgRcHJ2WTa1VQ1CIq18xncfpBJw4ojkiZZrKW2yIBWBP92j6Ug==",
    },
  },
];

/** A multi-arch image that prints esbuild's version. Its two platforms share their first layer. */
export async function sampleImage({ namespace }: Names): Promise<Content> {
  const repository = `${namespace}/esbuild`;
  const base = await tarOf([
    { path: "etc/", mode: 0o755 },
    { path: "etc/group", mode: 0o644, bytes: Buffer.from("nonroot:x:65532:\n") },
    {
      path: "etc/passwd",
      mode: 0o644,
      bytes: Buffer.from("nonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"),
    },
    { path: "tmp/", mode: 0o1777 },
  ]);
  const images = await Promise.all(
    programs.map(async ({ platform, source }) => {
      const bytes = await npmProgram(source);
      const tar = await tarOf([{ path: "usr/bin/esbuild", mode: 0o755, bytes }]);
      return {
        platform,
        image: image({
          repository,
          tags: [],
          platform,
          layers: [
            { tar: base, level: 9 },
            { tar, level: 6 },
          ],
          run: {
            Entrypoint: ["/usr/bin/esbuild"],
            Cmd: ["--version"],
            User: "65532:65532",
            WorkingDir: "/tmp",
          },
        }),
      };
    }),
  );
  return index({ repository, tags: [version, "latest"], images });
}

/**
 * A Helm chart that runs the sample image once.
 * Media types: https://github.com/helm/community/blob/main/hips/hip-0006.md
 */
export async function sampleChart({ registry, namespace }: Names): Promise<Content> {
  const chart = {
    apiVersion: "v2",
    name: "esbuild",
    description: "Runs esbuild once",
    type: "application",
    version: "1.0.0",
    appVersion: version,
  };
  const values = { image: { registry, repository: `${namespace}/esbuild`, tag: version } };
  const job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "{{ .Release.Name }}" },
    spec: {
      template: {
        spec: {
          restartPolicy: "Never",
          containers: [
            {
              name: "esbuild",
              image: "{{ .Values.image.registry }}/{{ .Values.image.repository }}:{{ .Values.image.tag }}",
            },
          ],
        },
      },
    },
  };
  const file = (path: string, content: unknown) => ({
    path: `${chart.name}/${path}`,
    mode: 0o644,
    bytes: Buffer.from(stringify(content)),
  });
  const tar = await tarOf([
    file("Chart.yaml", chart),
    file("values.yaml", values),
    file("templates/job.yaml", job),
  ]);
  return artifact({
    repository: `charts/${namespace}/${chart.name}`,
    tags: [chart.version],
    config: jsonBlob("application/vnd.cncf.helm.config.v1+json", chart),
    layers: [blob("application/vnd.cncf.helm.chart.content.v1.tar+gzip", gzip({ tar, level: 9 }))],
  });
}

/** An OCI artifact that isn't an image: the sample image's bill of materials, as SPDX 2.3. */
export function sampleArtifact({ registry, namespace }: Names): Content {
  const mediaType = "application/spdx+json";
  const bom = {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: `${namespace}/esbuild:${version}`,
    documentNamespace: `https://${registry}/${namespace}/esbuild-sbom/${version}`,
    creationInfo: { created: "1970-01-01T00:00:00Z", creators: ["Tool: registry-cache-seed"] },
    packages: programs.map(({ platform, source }) => ({
      SPDXID: `SPDXRef-${platform.architecture}`,
      name: source.name,
      versionInfo: source.version,
      downloadLocation: `https://www.npmjs.com/package/${source.name}/v/${source.version}`,
      checksums: [
        {
          algorithm: "SHA512",
          checksumValue: Buffer.from(source.integrity.slice("sha512-".length), "base64").toString("hex"),
        },
      ],
    })),
  };
  return artifact({
    repository: `${namespace}/esbuild-sbom`,
    tags: [version],
    artifactType: mediaType,
    layers: [jsonBlob(mediaType, bom)],
  });
}
